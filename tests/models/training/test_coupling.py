import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from raysc.models.training.coupling import drawn_optimal_transport, optimal_transport


@pytest.mark.parametrize("event", [(2,), (1, 4, 4)])
def test_the_pairs_are_those_of_scipys_assignment(event: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((48, *event)).astype(np.float32)
    rows = (3 * rng.standard_normal((48, *event)) + 1).astype(np.float32)
    order, row_positions = optimal_transport(noise, rows)
    _, expected = linear_sum_assignment(cdist(rows.reshape(48, -1), noise.reshape(48, -1), "sqeuclidean"))
    assert order.dtype == np.int64
    np.testing.assert_array_equal(order, expected)
    np.testing.assert_array_equal(row_positions, np.arange(48))


def test_pairs_of_the_plan_are_drawn_with_replacement() -> None:
    rng = np.random.default_rng(0)
    noise, rows = rng.standard_normal((2, 400, 2)).astype(np.float32)
    order, _ = optimal_transport(noise, rows)
    noise_positions, row_positions = drawn_optimal_transport(noise, rows, rng)
    np.testing.assert_array_equal(noise_positions, order[row_positions])
    counts = np.bincount(row_positions, minlength=400)
    assert counts.sum() == 400
    assert np.mean(counts == 0) == pytest.approx(np.exp(-1), abs=0.06)
    again = drawn_optimal_transport(noise, rows, np.random.default_rng(0))
    np.testing.assert_array_equal(again, drawn_optimal_transport(noise, rows, np.random.default_rng(0)))


def test_rows_that_are_not_finite_keep_the_order_of_the_noise() -> None:
    noise = np.random.default_rng(0).standard_normal((8, 2)).astype(np.float32)
    rows = np.full((8, 2), np.nan, np.float32)
    np.testing.assert_array_equal(optimal_transport(noise, rows), [np.arange(8)] * 2)
