import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from raysc.models.training.coupling import optimal_transport


@pytest.mark.parametrize("event", [(2,), (1, 4, 4)])
def test_the_pairs_are_those_of_scipys_assignment(event: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((48, *event)).astype(np.float32)
    rows = (3 * rng.standard_normal((48, *event)) + 1).astype(np.float32)
    order = optimal_transport(noise, rows)
    _, expected = linear_sum_assignment(cdist(rows.reshape(48, -1), noise.reshape(48, -1), "sqeuclidean"))
    assert order.dtype == np.int64
    np.testing.assert_array_equal(order, expected)


def test_rows_that_are_not_finite_keep_the_order_of_the_noise() -> None:
    noise = np.random.default_rng(0).standard_normal((8, 2)).astype(np.float32)
    rows = np.full((8, 2), np.nan, np.float32)
    np.testing.assert_array_equal(optimal_transport(noise, rows), np.arange(8))
