import pandas as pd
import pytest

from raysc.results.table.number_format import interval_text, quantiles_text, spread_text, value_text

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([10.0, 12.4, 11.1], "11.2 ± 1.2"),
        ([0.0011, 0.0015], "0.00130 ± 0.00028"),
        ([1000.0, 1400.0], "1200 ± 283"),
        ([2.0, 2.0], "2"),
        ([3.14159], "3.142"),
        ([1e-9, 3e-9], "2e-09 ± 1e-09"),
        ([5.0, NAN], "5 (1 of 2)"),
        ([10.0, 12.4, 11.1, NAN], "11.2 ± 1.2 (3 of 4)"),
        ([1.0, INF, INF], "inf"),
        ([1.0, -INF], "-inf"),
        ([NAN], ""),
    ],
)
def test_spread_has_two_digits_of_the_deviation(values: list[float], text: str) -> None:
    assert spread_text(pd.Series(values)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (pd.NA, ""),
        (NAN, ""),
        (0.25, "0.25"),
        (True, "True"),
        (12, "12"),
        (1 / 3, "0.3333"),
        (INF, "inf"),
        (-INF, "-inf"),
        ("a\x1b[2J", "a\\x1b[2J"),
    ],
)
def test_values_have_four_digits_and_empty_values_no_text(value: object, text: str) -> None:
    assert value_text(value) == text


def test_quantiles_have_three_digits_and_leave_diverged_seeds_out() -> None:
    values = pd.Series([*range(101), NAN])
    assert quantiles_text(values / 3) == "16.7 [1.67, 31.7]"
    assert quantiles_text(pd.Series([NAN])) == ""
    assert quantiles_text(pd.Series([INF, INF, 1.0])) == "inf [inf, inf]"


@pytest.mark.parametrize(
    ("mean", "low", "high", "text"),
    [
        (0.28, 0.2112, 0.3488, "0.28 [0.21, 0.35]"),
        (0.28, NAN, NAN, "0.28"),
        (NAN, NAN, NAN, ""),
        (INF, NAN, NAN, "inf"),
        (1e6, 0.9e6, 1.1e6, "1e+06 [9e+05, 1.1e+06]"),
    ],
)
def test_intervals_have_two_digits_of_the_width(mean: float, low: float, high: float, text: str) -> None:
    assert interval_text(mean, low, high) == text
