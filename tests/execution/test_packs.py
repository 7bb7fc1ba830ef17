"""Units of several seeds that train together: interrupted, grown, measured again, one of them diverged."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from raysc.datasets.points.eight_gaussians import EightGaussians
from raysc.execution import generation_checkpoints
from raysc.execution.ranks import TrainedRank
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.planning.units import InitialUnit
from raysc.results.samples.sampled_rows import sampled_rows
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.store.spans import published_spans
from raysc.sweepfile import Sweep
from tests.command_line import results

pytestmark = pytest.mark.slow

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]
RunAndKill = Callable[[Sweep, Objects, int], None]

POINTS = """\
name: small-points
data: {name: eight_gaussians, rows: 64}
model: {name: flow_matching, width: 8, depth: 1}
initial: {steps: 4}
loop: {generations: 3, budget: {steps: 3}}
train: {batch: 16}
sample: {steps: 2}
space: {regime: [mix, replace], lambda: 1.0}
seeds: 3
metrics: [sliced_wasserstein, modes_covered]
control: false
"""
IMAGES = ("data={name: digits, rows: 64}", "metrics=[{name: recall, features: pixels}]", "pool=object_store")
FLOW = POINTS.replace("{name: flow_matching, width: 8, depth: 1}", "{name: normalizing_flow, width: 8, transforms: 1}")
FLOW = FLOW.replace("sample: {steps: 2}\n", "").replace("modes_covered]", "modes_covered, nll]")
FLOW = FLOW.replace("[mix, replace]", "replace").replace("generations: 3", "generations: 2")


def packs(objects: Objects) -> set[tuple[int, ...]]:
    return {seeds for lineage in published_spans(objects).values() for seeds in lineage}


def poison_seed_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give one seed rows that no network can learn."""
    draw = EightGaussians._draw

    def poisoned(self: EightGaussians, seed: int, generation: int, purpose: Any, count: int) -> np.ndarray:
        rows = draw(self, seed, generation, purpose, count)
        return rows * np.float32(1e30) if seed == 1 and purpose == "train" else rows

    monkeypatch.setattr(EightGaussians, "_draw", poisoned)


@pytest.mark.parametrize("changes", [(), IMAGES])
def test_a_pack_is_one_unit_and_one_that_was_killed_goes_on_where_it_was(
    changes: tuple[str, ...], make_sweep: MakeSweep, run_sweep: RunSweep, run_and_kill: RunAndKill, tmp_path: Path,
) -> None:  # fmt: skip
    sweep = make_sweep(POINTS, *changes)
    calm = Objects.open(str(tmp_path / "calm"))
    plan = make_plan(resolve(sweep), calm)
    assert [unit.seeds for unit in plan.units] == [(0, 1, 2)] * 3, "one generation 0, two loops"
    run_sweep(sweep, calm)
    undisturbed = results(sweep, calm)
    assert len(undisturbed) == 2 * 3 * 4
    assert not undisturbed["diverged"].any()
    store = Objects.open(str(tmp_path / "killed"))
    run_and_kill(sweep, store, 2)
    run_sweep(sweep, store)
    pd.testing.assert_frame_equal(results(sweep, store), undisturbed, check_exact=True)


def test_seeds_that_are_added_are_packs_of_their_own_and_published_ones_are_not_cut_again(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    objects = Objects.open(str(tmp_path))
    run_sweep(make_sweep(POINTS, "seeds=2"), objects)
    before = results(make_sweep(POINTS, "seeds=2"), objects)
    more = make_sweep(POINTS, "seeds=5")
    assert {unit.seeds for unit in make_plan(resolve(more), objects).units} == {(2, 3, 4)}
    run_sweep(more, objects)
    assert packs(objects) == {(0, 1), (2, 3, 4)}
    after = results(more, objects)
    kept = after[after["seed"] < 2].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, before, check_exact=True)
    # Fewer seeds and another cell: the new lineage is cut as its generation 0 is.
    other = make_sweep(POINTS, "seeds=[1, 3]", "space={regime: mix, lambda: 0.5}")
    units = make_plan(resolve(other), objects).units
    assert {unit.seeds for unit in units} == {(0, 1), (2, 3, 4)}
    assert not any(isinstance(unit, InitialUnit) for unit in units)
    run_sweep(other, objects)
    assert make_plan(resolve(other), objects).units == ()
    assert set(load_table(resolve(other), objects)["seed"]) == {1, 3}


@pytest.mark.parametrize("regimes", ["[mix, replace]", "{name: curated, target: 2, choices: 3}"])
def test_packing_changes_results_by_rounding_only(
    regimes: str, make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    together, apart = Objects.open(str(tmp_path / "together")), Objects.open(str(tmp_path / "apart"))
    change = f"space.regime={regimes}"
    sweep = make_sweep(POINTS, change)
    run_sweep(sweep, together)
    for seeds in ("[0, 1]", "[2]"):
        run_sweep(make_sweep(POINTS, change, f"seeds={seeds}"), apart)
    assert packs(apart) == {(0, 1), (2,)}
    pd.testing.assert_frame_equal(results(sweep, together), results(sweep, apart), rtol=2e-3, atol=2e-3)


def test_a_metric_of_models_is_computed_later_from_stored_models(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects, at_once = Objects.open(str(tmp_path / "later")), Objects.open(str(tmp_path / "at_once"))
    sweep = make_sweep(FLOW)
    run_sweep(make_sweep(FLOW, "metrics=[modes_covered]"), objects)
    run_sweep(sweep, at_once)
    monkeypatch.setattr(TrainedRank, "fit", None)
    run_sweep(sweep, objects)
    assert results(sweep, objects)["nll"].notna().all()
    pd.testing.assert_frame_equal(results(sweep, objects), results(sweep, at_once), check_exact=True)


@pytest.mark.parametrize("start", ["previous", "scratch"])
def test_a_seed_that_diverged_is_masked_and_the_others_go_on(
    start: str, make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = make_sweep(FLOW, f"loop.start={start}")
    calm, broken = Objects.open(str(tmp_path / "calm")), Objects.open(str(tmp_path / "broken"))
    run_sweep(sweep, calm)
    poison_seed_1(monkeypatch)
    run_sweep(sweep, broken)
    assert make_plan(resolve(sweep), broken).units == ()
    table, sound = results(sweep, broken), results(sweep, calm)
    lost = table["seed"] == 1
    assert len(table) == len(sound)
    assert table.loc[lost, "diverged"].all()
    assert not table.loc[~lost, "diverged"].any()
    assert table.loc[lost, ["sliced_wasserstein", "modes_covered", "nll"]].isna().all(axis=None)
    others, expected = (frame[frame["seed"] != 1].reset_index(drop=True) for frame in (table, sound))
    pd.testing.assert_frame_equal(others, expected, rtol=1e-4, atol=1e-4)
    cell = resolve(sweep).cells[0]
    assert sampled_rows(cell, 1, 2, broken) is None
    assert sampled_rows(cell, 0, 2, broken) is not None


def test_rows_of_a_seed_are_found_in_its_pack(make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path) -> None:
    kept, gone = Objects.open(str(tmp_path / "kept")), Objects.open(str(tmp_path / "gone"))
    for objects, pool in ((kept, "parquet"), (gone, "object_store")):
        run_sweep(make_sweep(POINTS, f"pool={pool}", "keep.rows=all"), objects)
    cell = resolve(make_sweep(POINTS)).cells[0]

    def rows(objects: Objects, seed: int, t: int, count: int | None = None) -> np.ndarray:
        found = sampled_rows(cell, seed, t, objects, count)
        assert found is not None
        return found

    for t in (0, 2):
        assert rows(kept, 0, t).shape == (64, 2)
        assert not np.array_equal(rows(kept, 0, t), rows(kept, 2, t))
        np.testing.assert_array_equal(rows(gone, 2, t), rows(kept, 2, t))
        np.testing.assert_array_equal(rows(kept, 2, t, 10), rows(kept, 2, t)[:10])


def test_a_pack_goes_on_within_a_generation(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison_seed_1(monkeypatch)
    changes = ("space={regime: replace}", "loop.generations=1", "loop.budget.steps=20")
    whole, stopped = Objects.open(str(tmp_path / "whole")), Objects.open(str(tmp_path / "stopped"))
    run_sweep(make_sweep(POINTS, *changes), whole)
    monkeypatch.setattr(generation_checkpoints, "TRIAL_STEPS", 7)
    careful = make_sweep(POINTS, *changes, "resources.checkpoint_minutes=0.0000001")  # after every piece
    fit = TrainedRank.fit

    def stopping(self: TrainedRank, generation: int, rows: Any, start: Any, steps: range, *rest: Any) -> Any:
        if generation == 1 and steps.start == 9:
            raise KeyboardInterrupt
        return fit(self, generation, rows, start, steps, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(TrainedRank, "fit", stopping)
        with pytest.raises(KeyboardInterrupt):
            run_sweep(careful, stopped)
    assert [name.rsplit("/", 1)[1] for name in stopped.names("partial")] == ["1-9"]
    run_sweep(careful, stopped)
    one, other = results(careful, stopped), results(careful, whole)
    assert one["diverged"].sum() == 2, "generations 0 and 1 of seed 1"
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_seeds_of_a_pack_end_one_by_one_and_the_pack_with_the_last(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    plain = make_sweep(POINTS, "space={regime: replace}")
    whole, objects = Objects.open(str(tmp_path / "whole")), Objects.open(str(tmp_path / "ended"))
    run_sweep(plain, whole)
    told = results(plain, whole).pivot(index="seed", columns="generation", values="sliced_wasserstein")
    level = float(np.sort(told.max(axis=1))[-2])  # two seeds reach it, and one does not
    first = {seed: int(row.index[row >= level][0]) for seed, row in told.iterrows() if (row >= level).any()}
    assert len(first) == 2
    until = f"loop.until={{metric: sliced_wasserstein, above: {level!r}}}"
    stopped = make_sweep(POINTS, "space={regime: replace}", until)
    for store in (objects, whole):  # from nothing, and over what goes further
        run_sweep(stopped, store)
        found = results(stopped, store)
        assert make_plan(resolve(stopped), store).units == ()
        for seed, of_seed in found.groupby("seed"):
            end = first.get(seed, 3)
            values = of_seed.set_index("generation")
            assert values["sliced_wasserstein"].tolist() == [told.at[(seed, min(t, end))] for t in range(4)]
            assert values["modes_covered"].loc[end:].nunique() == 1
            assert values["ended_generation"].isna().all() == (seed not in first)


@pytest.mark.parametrize("of", ["outputs", "weights"])
def test_guided_generations_that_were_killed_go_on_with_the_same_rows(
    of: str, make_sweep: MakeSweep, run_sweep: RunSweep, run_and_kill: RunAndKill, tmp_path: Path
) -> None:
    guided = POINTS.replace("generations: 3,", f"generations: 3, sample: {{guide: {{weight: 0.5, of: {of}}}}},")
    guided = guided.replace("[mix, replace]", "replace").replace("seeds: 3", "seeds: 2")
    sweep = make_sweep(guided)
    calm, killed = (Objects.open(str(tmp_path / name)) for name in ("calm", "killed"))
    run_sweep(make_sweep(guided, "keep.rows=all"), calm)
    run_and_kill(sweep, killed, 2)
    run_sweep(sweep, killed)
    resolved = resolve(sweep)
    column = "sliced_wasserstein"
    tables = [load_table(resolved, objects)[column].to_numpy() for objects in (calm, killed)]
    np.testing.assert_array_equal(tables[0], tables[1])
    (cell,) = resolved.cells
    # Those of the first store were kept, those of the second one are drawn again.
    rows = [sampled_rows(cell, 1, 1, objects) for objects in (calm, killed)]
    assert rows[0] is not None
    assert rows[1] is not None
    np.testing.assert_array_equal(rows[0], rows[1])
