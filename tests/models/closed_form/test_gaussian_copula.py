"""The Gaussian copula: its margins, its correlation, and tables with columns of codes."""

import numpy as np
import pytest
from scipy.stats import ks_2samp, spearmanr

from raysc.errors import InputError
from raysc.models.closed_form.gaussian_copula import GaussianCopula
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams

FAMILY, SEEDS = GaussianCopula(), (0, 1)


def training_set(rows: np.ndarray) -> TrainingSet:
    return TrainingSet((Rows(REAL, (MemoryBlock("real", 0, rows),)),))


def mixed_rows(count: int, seeds: int = 2) -> np.ndarray:
    """Return rows of an exponential number, a category that depends on it, and a constant."""
    z = np.random.default_rng(0).multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]], (seeds, count))
    return np.stack([np.exp(z[..., 0]), np.digitize(z[..., 1], [-0.5, 0.8]), np.full((seeds, count), 3.0)], axis=2)


def test_samples_have_the_margins_and_the_rank_correlation_of_the_rows() -> None:
    rows = mixed_rows(3000)
    samples = FAMILY.sample(FAMILY.fit(training_set(rows), Streams(SEEDS, 0)), 0, 3000, Streams(SEEDS, 1))
    for seed in SEEDS:
        assert ks_2samp(rows[seed, :, 0], samples[seed, :, 0]).pvalue > 1e-3
        assert np.isin(samples[seed], rows[seed]).all()
        shares = [np.bincount(x[seed, :, 1].astype(int), minlength=3) / 3000 for x in (rows, samples)]
        np.testing.assert_allclose(shares[1], shares[0], atol=0.04)
        ranks = [spearmanr(x[seed, :, 0], x[seed, :, 1]).statistic for x in (rows, samples)]
        assert ranks[1] == pytest.approx(ranks[0], abs=0.06)
        assert (samples[seed, :, 2] == 3).all()


def test_the_correlation_is_that_of_normal_rows() -> None:
    z = np.random.default_rng(1).multivariate_normal([0, 0], [[1, -0.6], [-0.6, 1]], (1, 20_000))
    state = FAMILY.fit(training_set(np.stack([z[..., 0] ** 3, np.exp(z[..., 1])], axis=2)), Streams(SEEDS, 0))
    assert state["correlation"].shape == (2, 2, 2)
    np.testing.assert_allclose(state["correlation"][1], [[1, -0.6], [-0.6, 1]], atol=0.02)


def test_columns_of_few_values_have_the_correlation_of_the_numbers_behind_them() -> None:
    covariance = [[1, 0.6, 0.3], [0.6, 1, 0.4], [0.3, 0.4, 1]]
    z = np.random.default_rng(1).multivariate_normal([0, 0, 0], covariance, (1, 20_000))
    codes = [np.digitize(z[..., 1], [-0.3, 0.9]), np.digitize(z[..., 2], [-1.5, -1, 0, 0.5])]
    state = FAMILY.fit(training_set(np.stack([z[..., 0], *codes], axis=2)), Streams((0,), 0))
    np.testing.assert_allclose(state["correlation"][0, 0, 1:], [0.6, 0.3], atol=0.02)
    assert state["correlation"][0, 1, 2] == pytest.approx(0.4, abs=0.03)


@pytest.mark.parametrize("rho", [0.5, 0.9])
def test_refits_of_binary_columns_do_not_drift(rho: float) -> None:
    seeds = tuple(range(8))
    z = np.random.default_rng(5).multivariate_normal([0, 0], [[1, rho], [rho, 1]], (len(seeds), 20_000))
    rows, estimates = np.where(z > 0, 1.0, 0.0), []
    for t in range(9):
        state = FAMILY.fit(training_set(rows), Streams(seeds, t))
        estimates.append(state["correlation"][:, 0, 1])
        rows = FAMILY.sample(state, 0, 20_000, Streams(seeds, t))
    moved = estimates[8] - estimates[0]  # a random walk of 8 steps
    assert abs(moved.mean()) < 4 * moved.std() / np.sqrt(len(seeds))
    assert moved.std() < 0.05


def test_the_correlation_has_no_negative_eigenvalues() -> None:
    rows = np.random.default_rng(3).integers(0, 2, (2, 12, 6)).astype(float)
    rows[..., 3:] = rows[..., :3]
    correlation = FAMILY.fit(training_set(rows), Streams(SEEDS, 0))["correlation"]
    assert np.linalg.eigvalsh(correlation).min() > -1e-9
    np.testing.assert_allclose(np.diagonal(correlation, axis1=1, axis2=2), 1)


def test_two_equal_columns_stay_equal() -> None:
    column = np.random.default_rng(2).normal(size=(2, 50, 1))
    state = FAMILY.fit(training_set(np.concatenate([column, column], axis=2)), Streams(SEEDS, 0))
    samples = FAMILY.sample(state, 0, 200, Streams(SEEDS, 0))
    np.testing.assert_array_equal(samples[..., 0], samples[..., 1])


def test_a_seed_that_diverged_does_not_change_the_other_one() -> None:
    rows = mixed_rows(40)
    rows[0, 3, 1] = np.nan
    samples = FAMILY.sample(FAMILY.fit(training_set(rows), Streams(SEEDS, 0)), 0, 30, Streams(SEEDS, 0))
    assert np.isnan(samples[0, :, 1]).all()
    assert np.isfinite(samples[1]).all()
    rows[1, 0, 0] = np.inf
    assert np.isnan(FAMILY.fit(training_set(rows), Streams(SEEDS, 0))["correlation"]).all()


def test_images_are_refused() -> None:
    with pytest.raises(InputError, match="rows of columns"):
        FAMILY.check((1, 8, 8))
