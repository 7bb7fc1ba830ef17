import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from raysc.metrics.core.measure import RealSets, measure
from raysc.metrics.core.metric import Vectors
from raysc.metrics.distances.frechet_distance import (
    FeatureStatistics,
    FrechetDistance,
    feature_statistics,
    frechet_distance,
)


def random_pair(seed: int, m: int, n: int, dim: int) -> tuple[Vectors, Vectors]:
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(dim, dim))
    return Vectors(rng.normal(size=(m, dim)) @ mixing + 0.3), Vectors(rng.normal(size=(n, dim)))


def by_matrix_square_root(generated: Vectors, real: Vectors) -> float:
    (mu_1, sigma_1), (mu_2, sigma_2) = (
        (rows.mean(axis=0), np.cov(rows, rowvar=False)) for rows in (generated.array, real.array)
    )
    root = sqrtm(sigma_1 @ sigma_2).real
    return float(np.square(mu_1 - mu_2).sum() + np.trace(sigma_1 + sigma_2 - 2 * root))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(20, 60), st.integers(20, 60), st.integers(2, 8))
def test_it_is_the_formula_with_a_matrix_square_root(seed: int, m: int, n: int, dim: int) -> None:
    pair = random_pair(seed, m, n, dim)
    assert frechet_distance(*pair) == pytest.approx(by_matrix_square_root(*pair), rel=1e-6)


def test_it_is_the_wasserstein_distance_of_known_gaussians() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(500, 3))
    rows -= rows.mean(axis=0)
    white = Vectors(rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows.T))).T)
    shifted = Vectors(white.array * [2.0, 3.0, 0.5] + [1.0, 0.0, -2.0])
    # Diagonal covariances: |shift|^2 and the squared differences of the standard deviations.
    assert frechet_distance(shifted, white) == pytest.approx(5 + 1 + 4 + 0.25)


@pytest.mark.parametrize(("m", "n"), [(5, 7), (5, 200), (2, 2)])
def test_fewer_rows_than_dimensions_lose_no_digits(m: int, n: int) -> None:
    generated, real = random_pair(1, m, n, dim=32)
    # Dead features change nothing.
    padded = [Vectors(np.pad(rows.array, ((0, 0), (0, 10)))) for rows in (generated, real)]
    assert frechet_distance(*padded) == pytest.approx(frechet_distance(generated, real), rel=1e-10)
    # An independent form: eigenvalues of C_1 C_2 through the small matrix of inner products.
    a, b = ((rows.array - rows.array.mean(axis=0)) / np.sqrt(len(rows.array) - 1) for rows in (generated, real))
    eigenvalues = np.linalg.eigvalsh(a @ b.T @ b @ a.T)
    expected = (
        np.square(generated.array.mean(axis=0) - real.array.mean(axis=0)).sum()
        + np.square(a).sum()
        + np.square(b).sum()
        - 2 * np.sqrt(np.clip(eigenvalues, 0, None)).sum()
    )
    assert frechet_distance(generated, real) == pytest.approx(expected, rel=1e-6)


def test_it_is_0_for_equal_sets_and_symmetric() -> None:
    generated, real = random_pair(2, 40, 50, 6)
    assert frechet_distance(real, real) == pytest.approx(0, abs=1e-10)
    assert frechet_distance(generated, real) == pytest.approx(frechet_distance(real, generated))


def test_in_one_dimension_it_is_the_formula_of_means_and_standard_deviations() -> None:
    a, b = Vectors(np.array([[0.0], [2.0]])), Vectors(np.array([[1.0], [5.0]]))
    assert frechet_distance(a, b) == pytest.approx(2**2 + (np.sqrt(2) - np.sqrt(8)) ** 2)


def test_the_statistics_are_the_mean_and_a_factor_of_the_unbiased_covariance() -> None:
    rows = np.random.default_rng(4).normal(size=(9, 4))
    mu, factor, trace = feature_statistics(rows)
    np.testing.assert_allclose(mu, rows.mean(axis=0))
    np.testing.assert_allclose(factor.T @ factor, np.cov(rows.T))
    assert trace == pytest.approx(np.trace(np.cov(rows.T)))


def test_a_column_states_the_rows_of_a_singular_covariance() -> None:
    rng = np.random.default_rng(5)
    real = RealSets("points", rng.normal(size=(2, 9, 8)), rng.normal(size=(6, 8)))
    values = measure([FrechetDistance()], rng.normal(size=(2, 20, 8)), real)
    assert values["frechet_distance_rows"].tolist() == [6, 6]
    assert "frechet_distance_train_rows" not in values


def test_statistics_of_real_rows_that_the_store_has_are_not_computed_again() -> None:
    generated, real = random_pair(3, 40, 50, dim=3)
    mu, factor, _ = feature_statistics(real.array)
    real.cached(feature_statistics, lambda: FeatureStatistics.of(mu + 10, factor))
    moved = Vectors(real.array + 10)
    assert frechet_distance(generated, real) == pytest.approx(frechet_distance(generated, moved))
