"""The Gaussian family against direct computation and the closed forms of Kazdan et al. 2024."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import pytest

from raysc.errors import InputError
from raysc.execution.ranks import ClosedFormRank
from raysc.loop import Rules, self_consuming_loop
from raysc.models.closed_form.gaussian import Gaussian
from raysc.pool.block_store import MemoryBlockStore
from raysc.pool.blocks import MemoryBlock
from raysc.pool.mixing import mix
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.accumulate import Accumulate
from raysc.regimes.recipe import REAL, Recipe, Take, synthetic
from raysc.regimes.replace import Replace
from raysc.rng import Streams
from raysc.settings import Guide
from raysc.sweepfile import CellSettings, Component, Initial, Sample, Train


def real_rows(seeds: tuple[int, ...], n: int, dim: int) -> Rows:
    return Rows(REAL, (MemoryBlock("real", 0, Streams(seeds, 0).normal((n, dim), "data")),))


@pytest.mark.parametrize("ddof", [0, 1])
def test_a_fit_is_the_sample_mean_and_covariance(ddof: Literal[0, 1]) -> None:
    seeds = (0, 1, 2)
    rows = real_rows(seeds, 30, 4)
    training_set = mix(Recipe((Take(REAL, 30),)), {REAL: rows}, seeds, 0, 30)
    state = Gaussian(ddof=ddof).fit(training_set, Streams(seeds, 0))
    for x, mean, covariance in zip(rows.load(), state["mean"], state["covariance"], strict=True):
        np.testing.assert_allclose(mean, x.mean(axis=0), atol=1e-14)
        np.testing.assert_allclose(covariance, np.cov(x.T, ddof=ddof), atol=1e-14)


def test_merged_parts_equal_all_rows_at_once_and_each_part_is_read_once() -> None:
    seeds, family, reads = (0, 1), Gaussian(), []

    class RecordingBlock(MemoryBlock):
        def load(self) -> np.ndarray:
            reads.append(self.key)
            return self.array

    sources = {REAL: Rows(REAL, (RecordingBlock("real", 0, Streams(seeds, 0).normal((20, 3), "data")),))}
    for t in range(6):
        training_set = mix(Accumulate().recipe(t, 20, Fraction(1)), sources, seeds, t, 20)
        state = family.fit(training_set, Streams(seeds, t))
        for x, mean, covariance in zip(training_set.load(), state["mean"], state["covariance"], strict=True):
            np.testing.assert_allclose(mean, x.mean(axis=0), atol=1e-12)
            np.testing.assert_allclose(covariance, np.cov(x.T, ddof=0), atol=1e-12)
        del reads[len(reads) - t - 1 :]  # the reads of this check
        source = synthetic(t)
        sources[source] = Rows(source, (RecordingBlock(t, 0, family.sample(state, 0, 20, Streams(seeds, t)) + t),))
    assert reads == ["real", 0, 1, 2, 3, 4]


def test_a_row_depends_on_its_index_and_seed_alone() -> None:
    family = Gaussian()
    training_set = mix(Recipe((Take(REAL, 10),)), {REAL: real_rows((4, 7), 10, 2)}, (4, 7), 0, 10)
    state = family.fit(training_set, Streams((4, 7), 0))
    rows = family.sample(state, 0, 3000, Streams((4, 7), 5))
    np.testing.assert_allclose(family.sample(state, 900, 1300, Streams((4, 7), 5)), rows[:, 900:2200], rtol=1e-13)
    seed_state = {name: array[1:] for name, array in state.items()}
    np.testing.assert_array_equal(family.sample(seed_state, 0, 50, Streams((7,), 5))[0], rows[1, :50])


def test_a_rank_deficient_fit_samples_in_the_span_of_its_rows() -> None:
    rows = real_rows((0,), 4, 10)
    state = Gaussian().fit(mix(Recipe((Take(REAL, 4),)), {REAL: rows}, (0,), 0, 4), Streams((0,), 0))
    deviations = Gaussian().sample(state, 0, 500, Streams((0,), 0))[0] - state["mean"][0]
    basis = np.linalg.svd(rows.load()[0] - state["mean"][0])[2][:3]
    np.testing.assert_allclose(deviations, deviations @ basis.T @ basis, atol=1e-7)
    assert np.linalg.matrix_rank(deviations, tol=1e-6) == 3


def test_a_seed_that_diverged_does_not_change_the_others() -> None:
    state = {"mean": np.zeros((2, 2)), "covariance": np.stack([np.full((2, 2), np.nan), np.eye(2)])}
    rows = Gaussian().sample(state, 0, 5, Streams((0, 1), 0))
    assert np.isnan(rows[0]).all()
    assert np.isfinite(rows[1]).all()


@pytest.mark.parametrize("sample", [Sample(temperature=1.5), Sample(covariance_scale=2.25)])
def test_a_temperature_multiplies_deviations_from_the_mean(sample: Sample) -> None:
    family, streams = Gaussian(), Streams((0, 1), 0)
    state = family.fit(mix(Recipe((Take(REAL, 9),)), {REAL: real_rows((0, 1), 9, 3)}, (0, 1), 0, 9), streams)
    mean = state["mean"][:, None]
    rows = family.sample(family.sampling_state(state, sample), 0, 2000, streams)
    np.testing.assert_allclose(rows - mean, 1.5 * (family.sample(state, 0, 2000, streams) - mean), rtol=1e-9)


def test_a_bias_is_in_sampled_rows_and_not_in_the_model() -> None:
    seeds = (0, 1)
    rank = ClosedFormRank(Gaussian(), seeds)
    rank.fit(0, TrainingSet((real_rows(seeds, 9, 2),)), "initial", range(0), Train())
    mean, covariance = rank.state["mean"][:, None], rank.state["covariance"]
    plain, biased = (rank.sample(0, 0, 50, Sample(temperature=tau), MemoryBlockStore())[0].load() for tau in (1, 0.5))
    np.testing.assert_allclose(biased - mean, 0.5 * (plain - mean), rtol=1e-9)
    assert rank.state["covariance"] is covariance


def test_images_are_refused() -> None:
    with pytest.raises(InputError, match="points"):
        Gaussian().check((1, 8, 8))


def variances_by_generation(regime: Any, seeds: int, n: int, last: int) -> Iterator[np.ndarray]:
    """Yield the fitted variances (seeds,) of one-dimensional data, generation by generation."""
    pack = tuple(range(seeds))
    cell = CellSettings(
        data=Component(name="gaussian"), model=Component(name="gaussian"), initial=Initial(), train=Train(),
        sample=Sample(), loop_train=Train(), loop_sample=Sample(), start="previous", budget=None,
        regime=Component(name="r"), lambda_=1.0, axes={},
    )  # fmt: skip
    crew, block_store = ClosedFormRank(Gaussian(), pack), MemoryBlockStore()
    sources = {REAL: real_rows(pack, n, 1)}
    loop = self_consuming_loop(
        Rules(cell, regime, n),
        crew,
        sources,
        pack,
        range(last + 1),
        lambda t, first, count: sources[REAL],
        lambda t: block_store,
    )
    for _ in loop:
        yield crew.state["covariance"][:, 0, 0]


def within_four_standard_errors(values: np.ndarray, expected: float) -> bool:
    return bool(abs(values.mean() - expected) < 4 * values.std(ddof=1) / np.sqrt(len(values)))


def test_replace_loses_variance_at_the_rate_of_the_closed_form() -> None:
    for k, variance in enumerate(variances_by_generation(Replace(), 1500, 20, 8), start=1):
        assert within_four_standard_errors(variance, (1 - 1 / 20) ** k)
        if k == 9:
            assert not within_four_standard_errors(variance, (1 - 1 / 20) ** (k + 3)), "the test rejects a wrong curve"


def test_accumulate_keeps_the_variance_of_the_closed_form() -> None:
    expected = 1.0
    for k, variance in enumerate(variances_by_generation(Accumulate(), 1500, 20, 8), start=1):
        expected *= 1 - 1 / (20 * k**2)
        assert within_four_standard_errors(variance, expected)


def gaussian_state(mean: list[float], covariance: list[list[float]]) -> dict[str, np.ndarray]:
    return {"mean": np.array([mean]), "covariance": np.array([covariance])}


def test_guided_outputs_have_the_extrapolated_score() -> None:
    base, state = (
        gaussian_state([1.0, 0.0], [[2.0, 0.5], [0.5, 1.0]]), gaussian_state([1.5, -1.0], [[1.5, 0.2], [0.2, 1.1]])
    )  # fmt: skip
    guided = Gaussian().guided_state(base, state, Guide(weight=0.25))
    points = np.random.default_rng(0).normal(size=(5, 2))

    def score(of_state: dict[str, np.ndarray]) -> np.ndarray:
        return -np.linalg.solve(of_state["covariance"][0], (points - of_state["mean"][0]).T)

    np.testing.assert_allclose(score(guided), 1.25 * score(base) - 0.25 * score(state))
    merged = Gaussian().guided_state(base, state, Guide(weight=0.25, of="weights"))
    np.testing.assert_allclose(merged["mean"], [[0.875, 0.25]])
    np.testing.assert_allclose(merged["covariance"], 1.25 * base["covariance"] - 0.25 * state["covariance"])


@pytest.mark.parametrize("guide", [Guide(weight=3.0), Guide(weight=3.0, of="weights")])
def test_a_seed_without_a_guided_gaussian_has_nan_and_leaves_the_other_one(guide: Guide) -> None:
    spread = [3.0, 0.2] if guide.of == "weights" else [0.5, 4.0]
    base, state = (
        {"mean": np.zeros((2, 1)), "covariance": np.ones((2, 1, 1))},
        {"mean": np.zeros((2, 1)), "covariance": np.array(spread)[:, None, None]},
    )
    guided = Gaussian().guided_state(base, state, guide)
    assert np.isnan(guided["covariance"][0]).all()
    assert np.isnan(guided["mean"][0]).all()
    assert guided["covariance"][1] > 0
    assert np.isnan(Gaussian().sample(guided, 0, 3, Streams((0, 1), 1))[0]).all()
