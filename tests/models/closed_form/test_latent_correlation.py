"""The correlation behind columns with ties: exact cases, consistency, and the two formulas where they meet."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import multivariate_normal, norm

from raysc.models.closed_form import latent_correlation as module
from raysc.models.closed_form.latent_correlation import Categories, latent_correlation

Cut = Callable[[np.ndarray], np.ndarray]


def normal_pairs(rho: float, seeds: int, count: int = 20_000) -> np.ndarray:
    """Return pairs of standard normal numbers of correlation rho, (seeds, count, 2)."""
    return np.random.default_rng(7).multivariate_normal([0, 0], [[1, rho], [rho, 1]], (seeds, count))


def test_a_median_split_has_the_sine_of_its_share() -> None:
    for sign in (1, -1):
        pairs = np.repeat([[0, 0], [sign, 1], [0, 1], [sign, 0]], [200, 200, 100, 100], axis=0)
        # P(both above) = 1/4 + asin(rho) / (2 pi) = 1/3 at rho = 1/2 (Sheppard 1899)
        assert latent_correlation(pairs[None].astype(float))[0, 0, 1] == pytest.approx(sign / 2, abs=1e-9)


@pytest.mark.parametrize("rho", [0.1, 0.6, 0.95, -0.8])
def test_the_integral_is_that_of_the_bivariate_normal_distribution(rho: float) -> None:
    a, b = ndtri([0.2, 0.5, 0.9]), ndtri([0.3, 0.35])
    upper = np.array([[multivariate_normal.cdf([-x, -y], cov=[[1, rho], [rho, 1]]) for y in b] for x in a])
    mean = (upper - np.outer(norm.sf(a), norm.sf(b))).sum()  # E(s_1 s_2) of scores that rise by 1 at each threshold
    first = Categories(np.array([[mean]]), a[None], np.ones((1, 3)))
    second = Categories(np.ones((1, 1)), b[None], np.ones((1, 2)))
    assert module._solve_pairs(first, second)[0] == pytest.approx(rho, abs=1e-4)


@pytest.mark.parametrize(
    "cut",
    [
        lambda z: np.where(z > 0, 1.0, 0.0),
        lambda z: np.digitize(z, [-1, -0.2, 0.5, 1.4]).astype(float),
        lambda z: np.maximum(z, 0.3),
        lambda z: np.round(z * 20),
        lambda z: np.stack([np.where(z[..., 0] > 0.8, 1.0, 0.0), np.maximum(z[..., 1], 0)], axis=-1),
    ],
    ids=["binary", "five", "censored", "rounded", "unlike"],
)
@pytest.mark.parametrize("rho", [0.3, 0.9, -0.6])
def test_the_correlation_is_recovered_within_its_sampling_error(cut: Cut, rho: float) -> None:
    estimates = latent_correlation(cut(normal_pairs(rho, 20)))[:, 0, 1]
    assert abs(estimates.mean() - rho) < 4 * estimates.std() / np.sqrt(20)
    assert estimates.std() < 0.02


def test_each_seed_has_its_estimate() -> None:
    rows = np.round(np.concatenate([normal_pairs(0.8, 1, 500), normal_pairs(-0.3, 2, 500)]))
    rows[2] = np.where(rows[2] > 0, 1, 0)
    single = [latent_correlation(rows[[seed]])[0] for seed in range(3)]
    np.testing.assert_allclose(latent_correlation(rows), single, atol=1e-9)


def test_both_formulas_agree_where_they_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.round(normal_pairs(0.7, 4) * 1000)
    without_ties = latent_correlation(rows)
    monkeypatch.setattr(module, "NEGLIGIBLE", 0.0)
    np.testing.assert_allclose(latent_correlation(rows), without_ties, atol=0.005)


def test_a_column_of_one_value_is_uncorrelated_and_equal_columns_are_one() -> None:
    column = np.arange(40.0) % 3
    correlation = latent_correlation(np.stack([column, np.ones(40), column], axis=1)[None])
    np.testing.assert_allclose(correlation[0], [[1, 0, 1], [0, 1, 0], [1, 0, 1]], atol=1e-3)
