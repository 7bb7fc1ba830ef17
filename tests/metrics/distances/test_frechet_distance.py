import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from raysc.metrics.core.metric import Vectors
from raysc.metrics.distances.frechet_distance import frechet_distance


def random_pair(seed: int, m: int, n: int, dim: int) -> tuple[Vectors, Vectors]:
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(dim, dim))
    return Vectors(rng.normal(size=(m, dim)) @ mixing + 0.3), Vectors(rng.normal(size=(n, dim)))


def reference(generated: Vectors, real: Vectors) -> float:
    (mean, covariance), (real_mean, real_covariance) = (
        (rows.mean(axis=0), np.cov(rows, rowvar=False)) for rows in (generated.array, real.array)
    )
    root = sqrtm(covariance @ real_covariance).real
    return float(np.square(mean - real_mean).sum() + np.trace(covariance + real_covariance - 2 * root))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(20, 60), st.integers(20, 60), st.integers(2, 8))
def test_equals_the_formula_with_a_matrix_square_root(seed, m, n, dim):
    pair = random_pair(seed, m, n, dim)
    assert frechet_distance(*pair) == pytest.approx(reference(*pair), rel=1e-6)


def test_is_the_wasserstein_distance_of_known_gaussians():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(500, 3))
    rows -= rows.mean(axis=0)
    white = Vectors(rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows.T))).T)
    moved = Vectors(white.array * [2.0, 3.0, 0.5] + [1.0, 0.0, -2.0])
    # Diagonal covariances: |shift|^2 and the squared differences of the standard deviations.
    assert frechet_distance(moved, white) == pytest.approx(5 + 1 + 4 + 0.25)


@pytest.mark.parametrize(("m", "n"), [(5, 7), (5, 200), (2, 2)])
def test_fewer_rows_than_dimensions_lose_no_digits(m, n):
    generated, real = random_pair(1, m, n, dim=32)
    # Dead features change nothing.
    wide = [Vectors(np.pad(rows.array, ((0, 0), (0, 10)))) for rows in (generated, real)]
    assert frechet_distance(*wide) == pytest.approx(frechet_distance(generated, real), rel=1e-10)
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


def test_no_distance_to_itself_and_the_same_both_ways():
    generated, real = random_pair(2, 40, 50, 6)
    assert frechet_distance(real, real) == pytest.approx(0, abs=1e-10)
    assert frechet_distance(generated, real) == pytest.approx(frechet_distance(real, generated))


def test_one_dimension():
    a, b = Vectors(np.array([[0.0], [2.0]])), Vectors(np.array([[1.0], [5.0]]))
    assert frechet_distance(a, b) == pytest.approx(2**2 + (np.sqrt(2) - np.sqrt(8)) ** 2)
