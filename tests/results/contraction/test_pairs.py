"""Contraction of trained loops from two starts, on tiny perceptrons of points."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import raysc
from raysc.errors import InputError
from raysc.planning.resolved import resolve
from raysc.results.contraction.expected import step_share
from raysc.results.contraction.pairs import find_pairs, pairs_frame
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]

POINTS = """\
name: pairs
data: {name: gaussian, dim: 2, rows: 64}
model: {name: flow_matching, width: 8, depth: 1}
initial: {steps: 40}
loop: {generations: 2, budget: {steps: 20}}
sample: {steps: 4}
train: {batch: 16}
space: {regime: mix, lambda: 1.0, initial.steps: [10, 40]}
seeds: 3
metrics: [frechet_distance]
control: false
"""


def test_loops_from_two_starts_have_the_distances_of_their_models(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    sweep, objects = make_sweep(POINTS), Objects.open(tmp_path)
    run_sweep(sweep, objects)
    results = raysc.Results(sweep, objects)
    frame = results.contraction(by_generation=True, between="initial.steps")
    assert set(frame["start"]) == {10}
    assert set(frame["other_start"]) == {40}
    means = {
        t: [
            np.linalg.norm(
                results.generation(0, seed, t).rows.mean(axis=0) - results.generation(1, seed, t).rows.mean(axis=0)
            )
            for seed in range(3)
        ]
        for t in range(3)
    }
    of_means = frame[frame["metric"] == "fork_distance_mean"].set_index("last")
    rates = {t: float(np.exp(np.mean(np.log(np.divide(means[t], means[t - 1]))))) for t in (1, 2)}
    np.testing.assert_allclose(of_means["rho"], [rates[1], rates[2]], rtol=1e-4)
    np.testing.assert_allclose(of_means["effective_step"], 2 * (1 - of_means["rho"]))
    assert len(results.contraction(between="initial.steps")) == 4


def test_loops_have_the_same_random_numbers(make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path) -> None:
    """Without samples and from new weights, a retraining does not depend on its start: all distances are 0."""
    changes = ["space={regime: real_only, initial.steps: [10, 40]}", "loop.start=scratch", "seeds=2"]
    sweep, objects = make_sweep(POINTS, *changes), Objects.open(tmp_path)
    run_sweep(sweep, objects)
    frame = pairs_frame(resolve(sweep), objects, "initial.steps")
    assert frame["rho"].isna().all()
    results = raysc.Results(sweep, objects)
    for t, is_equal in ((0, False), (1, True)):
        first, second = (results.generation(cell, 0, t).rows for cell in (0, 1))
        assert np.array_equal(first, second) is is_equal


def test_initial_seeds_are_pairs_at_equal_other_seeds(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    changes = ["space={regime: mix, lambda: 1.0}", "seeds={data: 3, initial: 2}"]
    sweep, objects = make_sweep(POINTS, *changes), Objects.open(tmp_path)
    run_sweep(sweep, objects)
    resolved = resolve(sweep)
    (pairs,) = find_pairs(resolved, "initial_seed")
    assert pairs.starts == (0, 1)
    assert len(pairs.loops) == 3
    frame = pairs_frame(resolved, objects, "initial_seed")
    assert (frame["rho"] > 0).all()
    assert (frame["rho_low"] < frame["rho"]).all()


def test_a_sweep_without_pairs_is_refused(make_sweep: MakeSweep, gaussian_text: str) -> None:
    resolved = resolve(make_sweep(POINTS, "space.initial.steps=10"))
    for between, message in (
        ("initial.steps", "has no two loops that differ in initial.steps alone"),
        ("initial_seed", "seeds: {data: 8, initial: 2} for initial_seed"),
        ("lambda", "expected initial_seed or an axis of generation 0"),
    ):
        with pytest.raises(InputError, match=message):
            find_pairs(resolved, between)
    crossed = ("seeds={data: 3, initial: 2}", "space.initial.steps=10")
    for start in ("scratch", "initial"):  # their start weights are drawn by the initial seed
        resolved = resolve(make_sweep(POINTS, *crossed, f"loop.start={start}"))
        with pytest.raises(InputError, match=r"loop\.start: the initial seed draws the start weights"):
            find_pairs(resolved, "initial_seed")
    with pytest.raises(InputError, match="coupled models are not tabulated"):
        find_pairs(resolve(make_sweep(POINTS, "models={count: 2, reads: complete}")), "initial.steps")
    with pytest.raises(InputError, match="have forks"):
        find_pairs(resolve(make_sweep(gaussian_text)), "initial.steps")


def test_pairs_without_all_models_are_refused_before_the_store_is_read(make_sweep: MakeSweep, tmp_path: Path) -> None:
    sweep = make_sweep(POINTS, "keep.models=last")
    with pytest.raises(InputError, match=r"keep\.models: pairs compare models of all generations"):
        pairs_frame(resolve(sweep), Objects.open(tmp_path), "initial.steps")


def test_biased_samples_have_no_effective_step(make_sweep: MakeSweep) -> None:
    (cell, *_) = resolve(make_sweep(POINTS)).cells
    assert step_share(cell, 1) == pytest.approx(1 / 2)
    (cell, *_) = resolve(make_sweep(POINTS, "sample.truncation=1.0")).cells
    assert step_share(cell, 1) is None
