import pandas as pd
import pytest

from raysc.results.table.text import empty_table, quantiles_text, spread_text, value_text, widest


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([10.0, 12.4, 11.1], "11.2 ± 1.2"),
        ([0.0011, 0.0015], "0.00130 ± 0.00028"),
        ([1000.0, 1400.0], "1200 ± 283"),
        ([2.0, 2.0], "2"),
        ([3.14159], "3.142"),
        ([1e-9, 3e-9], "2e-09 ± 1e-09"),
        ([5.0, float("nan")], "5"),
        ([float("nan")], ""),
    ],
)
def test_spread_has_two_digits_of_the_deviation(values, text):
    assert spread_text(pd.Series(values)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (pd.NA, ""), (float("nan"), ""), (0.25, "0.25"), (True, "True"), (12, "12"), (1 / 3, "0.3333")],
)
def test_values_are_short_and_empty_where_there_is_nothing(value, text):
    assert value_text(value) == text


def test_what_is_in_a_table_is_no_markup():
    def build(names):
        table = empty_table("[/here]", names)
        table.add_row("[/there]", "[/too]")
        return table

    assert widest(build, ["[data]", "[/more]"], 100)[1] == []


def test_a_table_gets_as_many_columns_as_fit():
    def build(names):
        return empty_table("", names)

    assert widest(build, ["one", "two", "three"], 100)[1] == []
    assert widest(build, ["one", "two", "three"], 12)[1] == ["three"]
    assert widest(build, ["one", "two", "three"], 1)[1] == ["two", "three"]


def test_quantiles_are_told_to_three_digits_without_diverged_seeds():
    values = pd.Series([*range(101), float("nan")])
    assert quantiles_text(values / 3) == "16.7 [1.67, 31.7]"
    assert quantiles_text(pd.Series([float("nan")])) == ""
