"""The kernel density family against scikit-learn and the closed forms of its second moment."""

from fractions import Fraction
from typing import Literal

import numpy as np
import pytest
from scipy.stats import kstest, norm
from sklearn.neighbors import KernelDensity

from raysc.errors import InputError
from raysc.models.closed_form import kde, kernel_sums
from raysc.models.closed_form.kde import Kde
from raysc.pool.blocks import MemoryBlock
from raysc.pool.mixing import mix
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.accumulate import Accumulate
from raysc.regimes.accumulate_subsample import AccumulateSubsample
from raysc.regimes.recipe import REAL, Recipe, Source, Take, synthetic
from raysc.regimes.regime import Regime
from raysc.rng import Streams
from raysc.settings import Sample

SEEDS = (0, 3)
Bandwidth = float | Literal["scott", "silverman"]


def normal_rows(source: Source, count: int, dim: int = 2, seeds: tuple[int, ...] = SEEDS, shift: float = 0.0) -> Rows:
    drawn = Streams(seeds, source.generation).normal((count, dim), "data", source.kind) + shift
    return Rows(source, (MemoryBlock((source, seeds), 0, drawn),))


def training_set_of(rows: Rows) -> TrainingSet:
    return mix(Recipe((Take(REAL, rows.count),)), {REAL: rows}, SEEDS, 0, rows.count)


def exact_log_prob(bandwidth: Bandwidth, rows: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Compute scikit-learn's log density with one leaf: with several, its tree rounds the tails."""
    log_prob: np.ndarray = KernelDensity(bandwidth=bandwidth, leaf_size=len(rows)).fit(rows).score_samples(points)
    return log_prob


@pytest.mark.parametrize("bandwidth", [0.05, 0.7, "scott", "silverman"])
@pytest.mark.parametrize(("count", "dim"), [(7, 2), (300, 3)])
def test_log_prob_is_that_of_scikit_learn(bandwidth: Bandwidth, count: int, dim: int) -> None:
    rows = normal_rows(REAL, count, dim)
    points = np.random.default_rng(0).normal(size=(40, dim)) * 3  # many of them far from all rows
    state = Kde(bandwidth).fit(training_set_of(rows), Streams(SEEDS, 0))
    log_prob = Kde(bandwidth).log_prob(state, points)
    for x, values in zip(rows.load(), log_prob, strict=True):
        expected = exact_log_prob(bandwidth, x, points)
        np.testing.assert_allclose(values, expected, rtol=1e-9)


@pytest.mark.parametrize("regime", [Accumulate(), AccumulateSubsample()])
@pytest.mark.parametrize("bandwidth", [0.3, "scott"])
@pytest.mark.parametrize("lambda_", [Fraction(1), Fraction(1, 2)])
def test_incremental_statistics_equal_those_of_all_rows(
    regime: Regime, bandwidth: Bandwidth, lambda_: Fraction
) -> None:
    family, points = Kde(bandwidth), np.random.default_rng(1).normal(size=(30, 2))
    sources = {REAL: normal_rows(REAL, 20)}
    for t in range(6):
        recipe = Recipe((Take(REAL, 20),)) if t == 0 else regime.recipe(t, 20, lambda_)
        training_set = mix(recipe, sources, SEEDS, t, 20)
        state = family.fit(training_set, Streams(SEEDS, t))
        mean, covariance = family.moments(state)
        if t % 2 == 0:  # some generations are not measured
            log_prob = family.log_prob(state, points)
            for x, values in zip(training_set.load(), log_prob, strict=True):
                expected = exact_log_prob(bandwidth, x, points)
                np.testing.assert_allclose(values, expected, rtol=1e-9)
        h = family.width(training_set.count, 2)
        for x, seed_mean, seed_covariance in zip(training_set.load(), mean, covariance, strict=True):
            np.testing.assert_allclose(seed_mean, x.mean(axis=0), atol=1e-12)
            np.testing.assert_allclose(seed_covariance, np.cov(x.T, ddof=0) + h**2 * np.eye(2), atol=1e-12)
        drawn = family.sample(state, 0, 20, Streams(SEEDS, t))
        sources[synthetic(t)] = Rows(synthetic(t), (MemoryBlock((t, SEEDS), 0, drawn),))


@pytest.mark.parametrize(("bandwidth", "evaluated"), [(0.3, [20] * 8), ("scott", [20] * 36)])
def test_under_accumulate_a_fixed_kernel_is_evaluated_once_per_row(
    bandwidth: Bandwidth, evaluated: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []

    def recording(rows: np.ndarray, points: np.ndarray, width: float, weights: np.ndarray | None) -> np.ndarray:
        counts.append(rows.shape[1])
        return kernel_sums.log_kernel_sums(rows, points, width, weights)

    monkeypatch.setattr(kde, "log_kernel_sums", recording)
    family, points = Kde(bandwidth), np.zeros((1, 2))
    sources = {REAL: normal_rows(REAL, 20)} | {synthetic(t): normal_rows(synthetic(t), 20) for t in range(7)}
    for t in range(8):
        recipe = Recipe((Take(REAL, 20),)) if t == 0 else Accumulate().recipe(t, 20, Fraction(1))
        state = family.fit(mix(recipe, sources, SEEDS, t, 20), Streams(SEEDS, t))
        family.log_prob(state, points.copy())
    assert counts == evaluated


def test_other_points_or_rows_are_evaluated_anew() -> None:
    family, first, second = Kde(0.5), np.zeros((3, 2)), np.ones((3, 2))
    state = family.fit(training_set_of(normal_rows(REAL, 20)), Streams(SEEDS, 0))
    at_first, at_second = family.log_prob(state, first), family.log_prob(state, second)
    np.testing.assert_array_equal(at_second, Kde(0.5).log_prob(state, second))
    assert (at_first != at_second).all()
    shifted = family.fit(training_set_of(normal_rows(REAL, 21, shift=5.0)), Streams(SEEDS, 0))
    np.testing.assert_array_equal(family.log_prob(shifted, second), Kde(0.5).log_prob(shifted, second))


def test_samples_are_a_training_row_and_h_times_a_normal() -> None:
    rows = normal_rows(REAL, 5, 1)
    state = Kde(0.01).fit(training_set_of(rows), Streams(SEEDS, 0))
    samples = Kde(0.01).sample(state, 0, 4000, Streams(SEEDS, 0))
    for x, values in zip(rows.load()[..., 0], samples[..., 0], strict=True):
        nearest = np.abs(values[:, None] - x).argmin(axis=1)
        assert np.bincount(nearest, minlength=5).min() > 4000 / 5 - 4 * np.sqrt(4000 * 0.2 * 0.8)
        assert kstest((values - x[nearest]) / 0.01, norm.cdf).pvalue > 1e-3


def test_a_temperature_multiplies_the_kernel_noise() -> None:
    family, streams = Kde("scott"), Streams(SEEDS, 0)
    state = family.fit(training_set_of(normal_rows(REAL, 30)), streams)
    biased = family.sampling_state(state, Sample(temperature=0.5))
    plain, cold = (family.sample(s, 0, 400, streams) for s in (state, biased))
    other = family.sample(family.sampling_state(state, Sample(temperature=1e-9)), 0, 400, streams)  # the picked rows
    np.testing.assert_allclose(cold - other, 0.5 * (plain - other), atol=1e-8)
    narrow = Kde(0.5 * family.width(30, 2))
    expected = narrow.fit(training_set_of(normal_rows(REAL, 30)), streams)
    np.testing.assert_allclose(biased.arrays["covariance"], expected.arrays["covariance"])
    np.testing.assert_allclose(family.log_prob(biased, np.ones((2, 2))), narrow.log_prob(expected, np.ones((2, 2))))


def test_a_row_depends_on_its_index_and_seed_alone() -> None:
    rows, family = normal_rows(REAL, 50), Kde(0.2)
    samples = family.sample(family.fit(training_set_of(rows), Streams(SEEDS, 0)), 0, 3000, Streams(SEEDS, 2))
    part = family.sample(family.fit(training_set_of(rows), Streams(SEEDS, 0)), 900, 1300, Streams(SEEDS, 2))
    np.testing.assert_array_equal(part, samples[:, 900:2200])
    seed_rows = Rows(REAL, (MemoryBlock("seed 3", 0, rows.load()[1:]),))
    seed_training_set = mix(Recipe((Take(REAL, 50),)), {REAL: seed_rows}, (3,), 0, 50)
    seed_samples = family.sample(family.fit(seed_training_set, Streams((3,), 0)), 0, 9, Streams((3,), 2))
    np.testing.assert_array_equal(seed_samples[0], samples[1, :9])


def test_the_second_moment_grows_by_the_kernels_at_the_rate_of_the_closed_form() -> None:
    """Replace adds h^2 per fit, accumulate h^2 / k: sigma^2 + h^2 H_k (harmonic number)."""
    seeds, n, h = tuple(range(400)), 30, 0.5
    for accumulates in (False, True):
        family = Kde(h)
        sources = {REAL: normal_rows(REAL, n, 1, seeds)}
        for t in range(5):
            sampled = [synthetic(j) for j in range(t)]
            takes = [REAL, *sampled] if accumulates else [REAL, *sampled][-1:]
            state = family.fit(
                mix(Recipe(tuple(Take(source, n) for source in takes)), sources, seeds, t, n), Streams(seeds, t)
            )
            mean, covariance = family.moments(state)
            moment = mean[:, 0] ** 2 + covariance[:, 0, 0]
            expected = 1 + h**2 * (sum(1 / k for k in range(1, t + 2)) if accumulates else t + 1)
            error = moment.std(ddof=1) / np.sqrt(len(seeds))
            assert abs(moment.mean() - expected) < 4 * error
            drawn = family.sample(state, 0, n, Streams(seeds, t))
            sources[synthetic(t)] = Rows(synthetic(t), (MemoryBlock(t, 0, drawn),))
        assert abs(moment.mean() - (expected + h**2)) > 6 * error, "the test rejects a wrong curve"


def test_bandwidths_that_are_not_positive_numbers_are_refused() -> None:
    for bandwidth in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(InputError, match="bandwidth must be a positive number, scott or silverman"):
            Kde(bandwidth)
    with pytest.raises(InputError, match="points"):
        Kde(1.0).check((1, 8, 8))
