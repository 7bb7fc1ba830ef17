import pandas as pd
import pytest

from raysc.results.statistics.averages import Mean
from raysc.results.table.number_format import interval_text, mean_text, value_text

NAN, INF = float("nan"), float("inf")


def test_the_number_of_seeds_stands_behind_a_mean_of_some() -> None:
    assert mean_text(Mean(0.28, 0.21, 0.35, 9), 9) == "0.28 [0.21, 0.35]"
    assert mean_text(Mean(0.28, 0.21, 0.35, 9), 10) == "0.28 [0.21, 0.35] (9 of 10)"
    assert mean_text(Mean(5.0, NAN, NAN, 1), 2) == "5 (1 of 2)"
    assert mean_text(Mean(NAN, NAN, NAN, 0), 2) == ""


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


@pytest.mark.parametrize(
    ("mean", "low", "high", "text"),
    [
        (0.28, 0.2112, 0.3488, "0.28 [0.21, 0.35]"),
        (0.28, NAN, NAN, "0.28"),
        (NAN, NAN, NAN, ""),
        (INF, NAN, NAN, "inf"),
        (1e6, 0.9e6, 1.1e6, "1e+06 [9e+05, 1.1e+06]"),
        (0.1234, 0.00123, 12.345, "0.123 [0.00123, 12.3]"),
    ],
)
def test_intervals_have_two_digits_of_the_width(mean: float, low: float, high: float, text: str) -> None:
    assert interval_text(mean, low, high) == text
