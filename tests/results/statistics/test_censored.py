import numpy as np
import pytest

from raysc.results.statistics.censored import Bounds, exactly, slope, weighted_sum

INF = np.inf


def column(*values):
    return np.array(values, float)[:, None]


def test_finite_numbers_are_known():
    values = np.array([[1.0, 2.0], [3.0, -4.0]])
    bounds = exactly(values)
    np.testing.assert_array_equal(bounds.low, values)
    np.testing.assert_array_equal(bounds.high, values)


def test_an_infinite_number_lies_beyond_the_furthest_finite_one():
    bounds = exactly(column(1, INF, 3, -INF))
    assert bounds.low[:, 0].tolist() == [1, 3, 3, -INF]
    assert bounds.high[:, 0].tolist() == [1, INF, 3, 1]


def test_a_column_without_a_finite_number_is_infinite_indeed():
    bounds = exactly(column(INF, INF))
    assert bounds.low[:, 0].tolist() == [INF, INF]


def test_differences_keep_both_sides_true():
    difference = Bounds(column(1, 2), column(1, INF)) - Bounds(column(0, 5), column(0, 6))
    assert difference.low[:, 0].tolist() == [1, -4]
    assert difference.high[:, 0].tolist() == [1, INF]


def test_infinity_less_infinity_tells_nothing():
    both = Bounds(column(INF), column(INF))
    assert (both - both).low.item() == -INF
    assert (both - both).high.item() == INF


def test_a_negative_weight_turns_bounds_round_and_none_has_no_say():
    total = weighted_sum([Bounds(column(1), column(2)), Bounds(column(3), column(INF))], [-2.0, 0.0])
    assert (total.low.item(), total.high.item()) == (-4, -2)


def test_a_slope_is_that_of_least_squares():
    positions = [1.0, 2.0, 5.0, 10.0]
    values = np.random.default_rng(0).normal(size=(4, 6))
    found = slope([exactly(row[:, None]) for row in values], positions)
    for seed in range(6):
        expected = np.polyfit(positions, values[:, seed], 1)[0]
        assert found.low[seed, 0] == pytest.approx(expected)
        assert found.high[seed, 0] == pytest.approx(expected)
