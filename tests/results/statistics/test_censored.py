import numpy as np
import pytest

from raysc.results.statistics.censored import CensoredValues, censor, slope, weighted_sum

INF = np.inf


def column(*values: float) -> np.ndarray:
    return np.array(values, float)[:, None]


def test_finite_values_are_not_censored() -> None:
    values = np.array([[1.0, 2.0], [3.0, -4.0]])
    censored = censor(values)
    np.testing.assert_array_equal(censored.low, values)
    np.testing.assert_array_equal(censored.high, values)


def test_an_infinite_value_is_censored_at_the_furthest_finite_one() -> None:
    censored = censor(column(1, INF, 3, -INF))
    assert censored.low[:, 0].tolist() == [1, 3, 3, -INF]
    assert censored.high[:, 0].tolist() == [1, INF, 3, 1]


def test_a_column_without_a_finite_value_stays_infinite() -> None:
    censored = censor(column(INF, INF))
    assert censored.low[:, 0].tolist() == [INF, INF]


def test_differences_keep_both_bounds_valid() -> None:
    difference = CensoredValues(column(1, 2), column(1, INF)) - CensoredValues(column(0, 5), column(0, 6))
    assert difference.low[:, 0].tolist() == [1, -4]
    assert difference.high[:, 0].tolist() == [1, INF]


def test_infinity_minus_infinity_has_no_bounds() -> None:
    infinite = CensoredValues(column(INF), column(INF))
    assert (infinite - infinite).low.item() == -INF
    assert (infinite - infinite).high.item() == INF


def test_a_negative_weight_swaps_the_bounds_and_weight_0_adds_nothing() -> None:
    total = weighted_sum([CensoredValues(column(1), column(2)), CensoredValues(column(3), column(INF))], [-2.0, 0.0])
    assert (total.low.item(), total.high.item()) == (-4, -2)


def test_the_slope_is_that_of_least_squares() -> None:
    positions = [1.0, 2.0, 5.0, 10.0]
    values = np.random.default_rng(0).normal(size=(4, 6))
    slopes = slope([censor(row[:, None]) for row in values], positions)
    for seed in range(6):
        expected = np.polyfit(positions, values[:, seed], 1)[0]
        assert slopes.low[seed, 0] == pytest.approx(expected)
        assert slopes.high[seed, 0] == pytest.approx(expected)
