"""Plans: the units that are still to run, with their reasons."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from raysc.planning import packing
from raysc.planning.plan import Plan, make_plan
from raysc.planning.resolved import measured_generations, resolve
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.store.retention import Tombstone, write_tombstone
from raysc.sweepfile import Sweep
from tests.command_line import results, without_seconds

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]
Store = tuple[Sweep, Objects]


def reasons(plan: Plan) -> set[str]:
    return {unit.reason for unit in plan.units}


def test_before_anything_ran(make_sweep: MakeSweep, digits_text: str, tmp_path: Path) -> None:
    plan = make_plan(resolve(make_sweep(digits_text)), Objects.open(str(tmp_path)))
    assert len(plan.cells) == 6
    assert len(plan.loop) == 6 * 2
    assert len(plan.initial) == 2, "two qualities are snapshots of one run, one run a seed"
    assert [snapshot.steps for snapshot in plan.initial[0].snapshots] == [2, 4]
    assert (plan.done, plan.to_do, plan.generation_zeros) == (0, 6 * 2 * 2, 2 * 2)


def test_after_success_nothing_is_to_do(digits_store: Store, gaussian_store: Store) -> None:
    for sweep, objects in (digits_store, gaussian_store):
        plan = make_plan(resolve(sweep), objects)
        assert plan.units == ()
        assert plan.to_do == 0
        assert plan.done == len(plan.cells) * len(sweep.seeds) * sweep.generations


def test_fewer_generations_are_done_too(digits_store: Store, make_sweep: MakeSweep, digits_text: str) -> None:
    assert make_plan(resolve(make_sweep(digits_text, "loop.generations=1")), digits_store[1]).units == ()


def test_more_generations_go_on_after_the_last_one(
    digits_store: Store, make_sweep: MakeSweep, digits_text: str
) -> None:
    plan = make_plan(resolve(make_sweep(digits_text, "loop.generations=5")), digits_store[1])
    assert plan.initial == ()
    assert {unit.first for unit in plan.loop} == {3}
    assert reasons(plan) == {"more generations"}
    assert plan.to_do == 6 * 2 * 3


def test_only_a_new_lambda_runs_and_from_the_old_generation_0(
    digits_store: Store, make_sweep: MakeSweep, digits_text: str
) -> None:
    plan = make_plan(resolve(make_sweep(digits_text, "space.lambda=[1.0, 0.5]")), digits_store[1])
    assert plan.initial == ()
    assert {unit.cell.settings.lambda_ for unit in plan.loop} == {0.5}


def test_only_a_new_seed_runs(digits_store: Store, make_sweep: MakeSweep, digits_text: str) -> None:
    plan = make_plan(resolve(make_sweep(digits_text, "seeds=3")), digits_store[1])
    assert {unit.seeds for unit in plan.units} == {(2,)}


def test_a_new_metric_refits_nothing(digits_store: Store, make_sweep: MakeSweep, digits_text: str) -> None:
    plan = make_plan(resolve(make_sweep(digits_text, "metrics=[{name: coverage, features: pixels}]")), digits_store[1])
    assert {unit.first for unit in plan.loop} == {3}
    assert {unit.reason for unit in plan.loop} == {"metric only"}


def test_packs_of_a_closed_form_family_stay_as_they_were_cut(
    gaussian_store: Store, make_sweep: MakeSweep, gaussian_text: str
) -> None:
    more = make_plan(resolve(make_sweep(gaussian_text, "seeds=5")), gaussian_store[1])
    assert {unit.seeds for unit in more.loop} == {(3, 4)}
    longer = make_plan(resolve(make_sweep(gaussian_text, "loop.generations=6")), gaussian_store[1])
    assert {(unit.seeds, unit.first, unit.reason) for unit in longer.loop} == {((0, 1, 2), 0, "rows not kept")}


def test_generations_that_were_not_measured_are_measured_when_asked_for(
    make_sweep: MakeSweep, run_sweep: RunSweep, gaussian_text: str, tmp_path: Path
) -> None:
    objects = Objects.open(str(tmp_path))
    for measure in ("[4]", "[0, 2]", "all"):
        sweep = make_sweep(gaussian_text, f"measure={measure}")
        assert reasons(make_plan(resolve(sweep), objects)) == ({"new"} if measure == "[4]" else {"metric only"})
        run_sweep(sweep, objects)
        assert make_plan(resolve(sweep), objects).units == ()
        assert load_table(resolve(sweep), objects)["frechet_distance"].notna().all()


@pytest.mark.parametrize(
    ("measure", "wanted"),
    [("all", tuple(range(26))), ("log", (0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25)), ("[3, 0]", (0, 3))],
)
def test_measured_generations(measure: str, wanted: tuple[int, ...], make_sweep: MakeSweep, gaussian_text: str) -> None:
    assert measured_generations(make_sweep(gaussian_text, "loop.generations=25", f"measure={measure}")) == wanted


def test_keys_hang_on_nothing_but_what_changes_results(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, digits_store: Store, tmp_path: Path
) -> None:
    """A finished sweep has nothing to do after any of these."""
    _, objects = digits_store
    assert objects.folder is not None
    shutil.copytree(objects.folder, tmp_path / "moved")
    moved = Objects.open(str(tmp_path / "moved"))
    reordered = "\n".join(reversed(digits_text.strip().splitlines()))
    same = {
        "the store was moved": (make_sweep(digits_text), moved),
        "another name": (make_sweep(digits_text, "name=other"), objects),
        "its keys in another order": (make_sweep(reordered), objects),
        "the same cells in another file": (
            make_sweep(digits_text, "space=[{regime: replace, lambda: [1], initial.steps: 4}]"),
            objects,
        ),
        "an option set to its default": (make_sweep(digits_text, "train.weight_decay=0", "sample.rows=24"), objects),
        "another machine": (make_sweep(digits_text, "resources={workers: 2, cpus: 2, checkpoint_minutes: 1}"), objects),
        "other storage of rows": (make_sweep(digits_text, "pool=object_store", "keep={rows: all}"), objects),
        "fewer generations": (make_sweep(digits_text, "loop.generations=1"), objects),
        "fewer seeds": (make_sweep(digits_text, "seeds=[1]"), objects),
        "measured less often": (make_sweep(digits_text, "measure=[2]"), objects),
    }
    for what, (sweep, store) in same.items():
        assert make_plan(resolve(sweep), store).units == (), what


def test_five_generations_after_eight_run_nothing(
    make_sweep: MakeSweep, run_sweep: RunSweep, gaussian_text: str, tmp_path: Path
) -> None:
    objects = Objects.open(str(tmp_path))
    run_sweep(make_sweep(gaussian_text, "loop.generations=8"), objects)
    shorter = make_sweep(gaussian_text, "loop.generations=5")
    assert make_plan(resolve(shorter), objects).units == ()
    assert load_table(resolve(shorter), objects)["generation"].max() == 5


def test_more_seeds_under_another_memory_limit_run_the_new_ones_only(
    make_sweep: MakeSweep, run_sweep: RunSweep, gaussian_text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = Objects.open(str(tmp_path))
    run_sweep(make_sweep(gaussian_text, "seeds=2"), objects)
    before = load_table(resolve(make_sweep(gaussian_text, "seeds=2")), objects)
    monkeypatch.setattr(packing, "UNIT_BYTES", 1)
    more = make_sweep(gaussian_text, "seeds=5")
    plan = make_plan(resolve(more), objects)
    assert {unit.seeds for unit in plan.loop} == {(2,), (3,), (4,)}, "one seed a unit is what fits now"
    run_sweep(more, objects)
    assert make_plan(resolve(more), objects).units == ()
    after = load_table(resolve(more), objects)
    pd.testing.assert_frame_equal(after[after["seed"] < 2].reset_index(drop=True), before, check_exact=True)
    pd.testing.assert_frame_equal(
        whole(make_sweep(gaussian_text, "seeds=5"), run_sweep, tmp_path / "at once"),
        without_seconds(after),
        check_exact=True,
    )


def whole(sweep: Sweep, run_sweep: RunSweep, folder: Path) -> pd.DataFrame:
    objects = Objects.open(str(folder))
    run_sweep(sweep, objects)
    return results(sweep, objects)


def test_four_qualities_of_three_seeds_are_three_trainings(
    make_sweep: MakeSweep, digits_text: str, tmp_path: Path
) -> None:
    qualities = ("space.initial.steps=[1, 2, 3, 4]", "seeds=3")
    plan = make_plan(resolve(make_sweep(digits_text, *qualities)), Objects.open(str(tmp_path)))
    assert len(plan.initial) == 3
    assert plan.trainings_saved == len(plan.cells) * 3 - 3
    cosine = make_plan(
        resolve(make_sweep(digits_text, *qualities, "train.schedule=cosine")), Objects.open(str(tmp_path))
    )
    assert len(cosine.initial) == 12, "where the learning rate depends on the length, each quality is trained alone"


def test_a_later_snapshot_goes_on_from_those_that_are_there(
    digits_store: Store, make_sweep: MakeSweep, digits_text: str
) -> None:
    plan = make_plan(resolve(make_sweep(digits_text, "space.initial.steps=[2, 4, 6]")), digits_store[1])
    assert [[snapshot.steps for snapshot in unit.snapshots] for unit in plan.initial] == [[2, 4, 6]] * 2
    assert {unit.cell.settings.initial.steps for unit in plan.loop} == {6}


def test_a_gap_is_filled_and_what_follows_it_stays(
    digits_store: Store, make_sweep: MakeSweep, digits_text: str, tmp_path: Path
) -> None:
    sweep, original = digits_store
    assert original.folder is not None
    shutil.copytree(original.folder, tmp_path / "store")
    objects = Objects.open(str(tmp_path / "store"))
    key = resolve(sweep).cells[0].keys.lineage
    objects.delete([f"spans/{key}/1/1-1"])
    (unit,) = make_plan(resolve(sweep), objects).loop
    assert (unit.seeds, unit.first, unit.missing, unit.reason) == ((1,), 1, 1, "set aside")
    assert make_plan(resolve(sweep), objects).to_do == 1


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
    units = make_plan(resolve(make_sweep(WIDE)), Objects.open(str(tmp_path))).loop
    sizes = {
        regime: [len(unit.seeds) for unit in units if unit.cell.settings.regime.name == regime]
        for regime in ("replace", "accumulate", "accumulate_subsample")
    }
    assert sizes["replace"] == sizes["accumulate"] == [100], "what was merged is let go"
    assert max(sizes["accumulate_subsample"]) * 100 * 1000 * 100 * 8 < 2**29, "any earlier row may be drawn again"
    kept = make_plan(resolve(make_sweep(WIDE, "model={name: kde, bandwidth: 0.5}")), Objects.open(str(tmp_path))).loop
    assert all(len(unit.seeds) < 10 for unit in kept if unit.cell.settings.regime.name == "accumulate")


def test_the_longest_units_of_closed_forms_come_first(make_sweep: MakeSweep, tmp_path: Path) -> None:
    text = WIDE.replace("space: {", "space: {data.rows: [10, 1000, 100], ")
    units = make_plan(resolve(make_sweep(text, "data.dim=2")), Objects.open(str(tmp_path))).loop
    assert [unit.cell.data.count for unit in units] == sorted((unit.cell.data.count for unit in units), reverse=True)


ONE_LINEAGE = ("seeds=1", "space.regime=mix", "space.initial.steps=4", "control=false")


def hide_once(monkeypatch: pytest.MonkeyPatch, folder: str, ending: str) -> None:
    """Let the next listing of a folder lack the objects whose names end so."""
    names, late = Objects.names, [True]

    def lagging(self: Objects, prefix: str = "") -> Iterator[str]:
        lags = prefix.startswith(folder) and bool(late) and late.pop()
        return (name for name in names(self, prefix) if not (lags and name.endswith(ending)))

    monkeypatch.setattr(Objects, "names", lagging)


def test_a_late_listing_of_spans_does_not_make_a_plan_train_published_generations_again(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects, sweep = Objects.open(str(tmp_path)), make_sweep(digits_text, *ONE_LINEAGE)
    run_sweep(sweep, objects)
    write_tombstone(objects, Tombstone(resolve(sweep).cells[0].keys.lineage, (0,), "training_state", 2))
    hide_once(monkeypatch, "spans", "/2-2")
    assert make_plan(resolve(sweep), objects).units == ()
    (unit,) = make_plan(resolve(make_sweep(digits_text, *ONE_LINEAGE, "loop.generations=3")), objects).loop
    assert (unit.reason, unit.refits) == ("states not kept", 2), "the state is really gone"


def test_a_late_listing_of_metrics_does_not_make_a_plan_train_published_generations_again(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects, sweep = Objects.open(str(tmp_path)), make_sweep(digits_text, *ONE_LINEAGE)
    run_sweep(sweep, objects)
    lineage = resolve(sweep).cells[0].keys.lineage
    write_tombstone(objects, Tombstone(lineage, (0,), "models", 1))
    hide_once(monkeypatch, "metrics", ".parquet")
    (unit,) = make_plan(resolve(sweep), objects).loop
    assert (unit.reason, unit.refits) == ("metric only", 0)
    objects.delete([name for name in objects.names("metrics") if lineage in name])
    (unit,) = make_plan(resolve(sweep), objects).loop
    assert (unit.reason, unit.refits) == ("states not kept", 1), "the values are really gone"
