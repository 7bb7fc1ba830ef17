import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from raysc.metrics.core.measure import RealSets, measure
from raysc.metrics.core.metric import Vectors
from raysc.metrics.distances.wasserstein import Wasserstein, wasserstein


def assignment_distance(x: np.ndarray, y: np.ndarray) -> float:
    """Return the Wasserstein-2 distance of equally many rows."""
    squares = cdist(x, y, "sqeuclidean")
    return float(np.sqrt(squares[linear_sum_assignment(squares)].mean()))


def test_it_is_the_distance_of_an_optimal_assignment(generated: np.ndarray, real: RealSets) -> None:
    values = measure([Wasserstein()], generated, real)["wasserstein"]
    # Three times as many held-out rows: three copies of each generated row.
    expected = [assignment_distance(np.repeat(rows, 3, axis=0), real.test) for rows in generated]
    np.testing.assert_allclose(values, expected, rtol=1e-9)


def test_a_seed_without_finite_rows_has_no_distance(generated: np.ndarray, real: RealSets) -> None:
    rows = generated.copy()
    rows[1, 3] = np.nan
    np.testing.assert_array_equal(np.isnan(measure([Wasserstein()], rows, real)["wasserstein"]), [False, True])


@pytest.mark.parametrize("gap", [1e-9, 1e-5, 1.0])
def test_rows_that_nearly_coincide_have_their_exact_distance(gap: float) -> None:
    rows = np.random.default_rng(0).normal(size=(30, 2))
    assert wasserstein(Vectors(rows + np.array([gap, 0])), Vectors(rows)) == pytest.approx(gap, rel=1e-6)
