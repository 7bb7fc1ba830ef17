"""Sweeps with seeds by purpose: what each purpose draws, generation 0s that are shared, resumption."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.planning.validation import validate
from raysc.results.samples.sampled_rows import sampled_rows
from raysc.results.status import read_status
from raysc.seeds import PURPOSES, PurposeSeeds, generation_zero_seed, join
from raysc.store.inventory import list_entries, verify_entries
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.command_line import results

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]
RunAndKill = Callable[[Sweep, Objects, int], None]

GAUSSIAN = """\
name: crossed
data: {name: gaussian, dim: 1, rows: 20}
model: gaussian
loop: {generations: 3}
space: {regime: [replace, mix], lambda: 0.5}
seeds: {data: 2, initial: 2, sample: 2}
metrics: [mean_error, trace_ratio]
"""
POINTS = """\
name: crossed-points
data: {name: eight_gaussians, rows: 64}
model: {name: flow_matching, width: 8, depth: 1}
initial: {steps: 4}
loop: {generations: 2, budget: {steps: 3}}
train: {batch: 16}
sample: {steps: 2}
space: {regime: mix, lambda: 1.0}
seeds: {data: 2, train: 2, sample: 2}
metrics: [sliced_wasserstein]
control: false
"""


def variations(table: pd.DataFrame, column: str, generation: int) -> dict[str, bool]:
    """Return True for each purpose whose seed changes a metric if all others stay."""
    rows = table[table["generation"] == generation]
    purposes = [f"{purpose}_seed" for purpose in PURPOSES if f"{purpose}_seed" in rows]
    spreads = {}
    for purpose in purposes:
        groups = rows.groupby(["cell", *(name for name in purposes if name != purpose)])[column]
        distinct = set(groups.nunique())
        assert len(distinct) == 1, "in every group or in none"
        spreads[purpose.removesuffix("_seed")] = distinct != {1}
    return spreads


def test_each_purpose_draws_from_its_generation_on(make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path) -> None:
    sweep, objects = make_sweep(GAUSSIAN, "control=false"), Objects.open(str(tmp_path))
    assert [unit.seeds for unit in make_plan(resolve(sweep), objects).units] == [sweep.seeds] * 2, "one array"
    run_sweep(sweep, objects)
    table = results(sweep, objects)
    assert list(table.columns[table.columns.get_loc("seed") :][:4]) == [
        "seed", "data_seed", "initial_seed", "sample_seed",
    ]  # fmt: skip
    assert variations(table, "mean_error", 0) == {"data": True, "initial": False, "sample": False}
    # G_1 is fitted to S_0, and S_0 is of the initial seed.
    assert variations(table, "mean_error", 1) == {"data": True, "initial": True, "sample": False}
    assert variations(table, "mean_error", 3) == {"data": True, "initial": True, "sample": True}


def test_fits_that_draw_have_train_seeds(make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path) -> None:
    changes = (
        "data={name: blobs, rows: 60, noise: 3.0}", "model={name: gaussian_mixture, components: 4, starts: 1}",
        "space={regime: real_only}", "seeds={initial: 2, train: 2}", "metrics=[nll]", "loop.generations=1",
    )  # fmt: skip
    sweep, objects = make_sweep(GAUSSIAN, *changes, "control=false"), Objects.open(str(tmp_path))
    validate(resolve(sweep))
    run_sweep(sweep, objects)
    table = results(sweep, objects)
    assert variations(table, "nll", 0) == {"initial": True, "train": False}
    assert variations(table, "nll", 1) == {"initial": False, "train": True}


def test_four_equal_seeds_are_a_plain_seed_of_the_store(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    objects = Objects.open(str(tmp_path))
    plain, crossed = make_sweep(GAUSSIAN, "seeds=2"), make_sweep(GAUSSIAN, "seeds={data: 2, initial: 2, train: [0]}")
    run_sweep(plain, objects)
    before = sorted(objects.names("spans"))
    plan = make_plan(resolve(crossed), objects)
    assert {seed for unit in plan.units for seed in unit.seeds} == set(crossed.seeds) - {0}
    run_sweep(crossed, objects)
    assert set(before) < set(objects.names("spans"))
    rows, same = (results(sweep, objects).query("seed == 0") for sweep in (crossed, plain))
    pd.testing.assert_frame_equal(rows[same.columns].reset_index(drop=True), same.reset_index(drop=True))


def test_coupled_models_have_seeds_by_purpose_too(make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path) -> None:
    text = GAUSSIAN.replace("data: 2, initial: 2, sample: 2", "initial: 2, sample: 2")
    sweep = make_sweep(text + "models: {count: 3, reads: star, each: {data.mean: [0, 1, 5]}}\n", "control=false")
    objects = Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    table = results(sweep, objects)
    assert table["sample_seed"].nunique() == 2
    assert variations(table, "mean_error", 0) == {"initial": False, "sample": False}
    assert variations(table, "mean_error", 3) == {"initial": True, "sample": True}


@pytest.mark.slow
def test_trained_packs_share_generation_0_and_go_on_after_a_kill(
    make_sweep: MakeSweep, run_sweep: RunSweep, run_and_kill: RunAndKill, tmp_path: Path
) -> None:
    sweep, calm, killed = make_sweep(POINTS), Objects.open(str(tmp_path / "a")), Objects.open(str(tmp_path / "b"))
    plan = make_plan(resolve(sweep), calm)
    zeros = (0, join(PurposeSeeds(1, 0, 0, 0)))
    assert [unit.seeds for unit in plan.initial] == [zeros], "one generation 0 for each data seed"
    assert [len(unit.seeds) for unit in plan.loop] == [2] * 4
    assert (plan.generation_zeros, plan.trainings_saved) == (2, 6)
    run_sweep(sweep, calm)
    table = results(sweep, calm)
    assert len(table) == 8 * 3
    assert variations(table, "sliced_wasserstein", 0) == {"data": True, "train": False, "sample": False}
    assert variations(table, "sliced_wasserstein", 1) == {"data": True, "train": True, "sample": True}
    run_and_kill(sweep, killed, 1)
    run_sweep(sweep, killed)
    pd.testing.assert_frame_equal(results(sweep, killed), table, check_exact=True)

    assert read_status(resolve(sweep), calm).count("done") == 8
    resolved = resolve(sweep)
    assert not [damage for damage in verify_entries(resolved.stored_seeds, calm) if damage]
    assert sorted(list_entries(resolved.stored_seeds, calm)) == sorted(
        [*calm.names("spans"), *calm.names("metrics"), *calm.names("dropped")]
    )
    seed = join(PurposeSeeds(1, 0, 1, 1))
    first, own = (sampled_rows(resolved.cells[0], replicate, 0, calm) for replicate in (seed, zeros[1]))
    assert first is not None
    assert own is not None
    np.testing.assert_array_equal(first, own)
    # More seeds of a purpose run alone, from the same generation 0.
    more = make_plan(resolve(make_sweep(POINTS, "seeds.train=3")), calm)
    assert (len(more.initial), len(more.loop), more.to_do) == (0, 2, 8)
    assert {generation_zero_seed(seed) for unit in more.loop for seed in unit.seeds} == set(zeros)


@pytest.mark.slow
def test_a_generation_0_of_a_plain_seed_serves_seeds_by_purpose(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    objects = Objects.open(str(tmp_path))
    run_sweep(make_sweep(POINTS, "seeds=1"), objects)
    plan = make_plan(resolve(make_sweep(POINTS, "seeds={train: 2}")), objects)
    assert not plan.initial
    assert [(unit.seeds, unit.first) for unit in plan.loop] == [((join(PurposeSeeds(0, 0, 1, 0)),), 1)]
