"""What is still to run, and why."""

from collections.abc import Callable
from pathlib import Path

import pytest

from raysc.plan import Plan, make_plan, measured_generations
from raysc.results.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]
Store = tuple[Sweep, Objects]


def reasons(plan: Plan) -> set[str]:
    return {unit.reason for unit in plan.units}


def test_before_anything_ran(make_sweep: MakeSweep, digits_text: str, tmp_path: Path) -> None:
    plan = make_plan(make_sweep(digits_text), Objects.at(str(tmp_path)))
    assert len(plan.lines) == 6
    assert len(plan.loop) == 6 * 2
    assert len(plan.initial) == 2, "two qualities are snapshots of one run, one run a seed"
    assert [snapshot.steps for snapshot in plan.initial[0].snapshots] == [2, 4]
    assert (plan.done, plan.to_do, plan.ancestors) == (0, 6 * 2 * 2, 2 * 2)


def test_after_success_nothing_is_to_do(digits_store: Store, gaussian_store: Store) -> None:
    for sweep, objects in (digits_store, gaussian_store):
        plan = make_plan(sweep, objects)
        assert plan.units == ()
        assert plan.to_do == 0
        assert plan.done == len(plan.lines) * len(sweep.seeds) * sweep.generations


def test_fewer_generations_are_done_too(digits_store: Store, make_sweep: MakeSweep, digits_text: str) -> None:
    assert make_plan(make_sweep(digits_text, "loop.generations=1"), digits_store[1]).units == ()


def test_more_generations_go_on_after_the_last_one(
    digits_store: Store, make_sweep: MakeSweep, digits_text: str
) -> None:
    plan = make_plan(make_sweep(digits_text, "loop.generations=5"), digits_store[1])
    assert plan.initial == ()
    assert {unit.first for unit in plan.loop} == {3}
    assert reasons(plan) == {"more generations"}
    assert plan.to_do == 6 * 2 * 3


def test_only_a_new_lambda_runs_and_from_the_old_generation_0(
    digits_store: Store, make_sweep: MakeSweep, digits_text: str
) -> None:
    plan = make_plan(make_sweep(digits_text, "space.lambda=[1.0, 0.5]"), digits_store[1])
    assert plan.initial == ()
    assert {unit.line.cell.lambda_ for unit in plan.loop} == {0.5}


def test_only_a_new_seed_runs(digits_store: Store, make_sweep: MakeSweep, digits_text: str) -> None:
    plan = make_plan(make_sweep(digits_text, "seeds=3"), digits_store[1])
    assert {unit.seeds for unit in plan.units} == {(2,)}


def test_a_new_metric_refits_nothing(digits_store: Store, make_sweep: MakeSweep, digits_text: str) -> None:
    plan = make_plan(make_sweep(digits_text, "metrics=[{name: coverage, features: pixels}]"), digits_store[1])
    assert {unit.first for unit in plan.loop} == {3}
    assert {unit.reason for unit in plan.loop} == {"metric only"}


def test_packs_of_a_closed_form_family_stay_as_they_were_cut(
    gaussian_store: Store, make_sweep: MakeSweep, gaussian_text: str
) -> None:
    more = make_plan(make_sweep(gaussian_text, "seeds=5"), gaussian_store[1])
    assert {unit.seeds for unit in more.loop} == {(3, 4)}
    longer = make_plan(make_sweep(gaussian_text, "loop.generations=6"), gaussian_store[1])
    assert {(unit.seeds, unit.first, unit.reason) for unit in longer.loop} == {((0, 1, 2), 0, "rows not kept")}


def test_generations_that_were_not_measured_are_measured_when_asked_for(
    make_sweep: MakeSweep, run_sweep: RunSweep, gaussian_text: str, tmp_path: Path
) -> None:
    objects = Objects.at(str(tmp_path))
    for measure in ("[4]", "[0, 2]", "all"):
        sweep = make_sweep(gaussian_text, f"measure={measure}")
        assert reasons(make_plan(sweep, objects)) == ({"new"} if measure == "[4]" else {"metric only"})
        run_sweep(sweep, objects)
        assert make_plan(sweep, objects).units == ()
        assert load_table(sweep, objects)["frechet_distance"].notna().all()


@pytest.mark.parametrize(
    ("measure", "wanted"),
    [("all", tuple(range(26))), ("log", (0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25)), ("[3, 0]", (0, 3))],
)
def test_measured_generations(measure: str, wanted: tuple[int, ...], make_sweep: MakeSweep, gaussian_text: str) -> None:
    assert measured_generations(make_sweep(gaussian_text, "loop.generations=25", f"measure={measure}")) == wanted


WIDE = """\
data: {name: gaussian, dim: 100, rows: 1000}
model: gaussian
loop: {generations: 99}
space: {regime: [replace, accumulate, accumulate_subsample]}
seeds: 100
metrics: [trace_ratio]
control: false
"""


def test_seeds_are_packed_by_the_rows_that_live_at_once(make_sweep: MakeSweep, tmp_path: Path) -> None:
    units = make_plan(make_sweep(WIDE), Objects.at(str(tmp_path))).loop
    sizes = {
        regime: [len(unit.seeds) for unit in units if unit.line.cell.regime.name == regime]
        for regime in ("replace", "accumulate", "accumulate_subsample")
    }
    assert sizes["replace"] == sizes["accumulate"] == [100], "what was merged is let go"
    assert max(sizes["accumulate_subsample"]) * 100 * 1000 * 100 * 8 < 2**29, "any earlier row may be drawn again"
    kept = make_plan(make_sweep(WIDE, "model={name: kde, bandwidth: 0.5}"), Objects.at(str(tmp_path))).loop
    assert all(len(unit.seeds) < 10 for unit in kept if unit.line.cell.regime.name == "accumulate")


def test_the_longest_units_of_closed_forms_come_first(make_sweep: MakeSweep, tmp_path: Path) -> None:
    text = WIDE.replace("space: {", "space: {data.rows: [10, 1000, 100], ")
    units = make_plan(make_sweep(text, "data.dim=2"), Objects.at(str(tmp_path))).loop
    assert [unit.line.data.count for unit in units] == sorted((unit.line.data.count for unit in units), reverse=True)
