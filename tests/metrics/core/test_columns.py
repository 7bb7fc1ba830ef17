import numpy as np
import pytest

from raysc.metrics.core.columns import (
    PairColumns,
    column_name,
    features_setting,
    number_setting,
    values_against_test,
    values_against_train,
    values_of_generated,
)
from raysc.metrics.core.metric import FeatureSets, Vectors

PAIR = PairColumns("distance", "lower", "log", "metres")


def vectors(*values: float) -> Vectors:
    return Vectors(np.array(values)[:, None])


def sum_of_products(generated: Vectors, real: Vectors) -> float:
    return float(generated.array.sum() * real.array.sum())


def total(rows: Vectors) -> float:
    return float(rows.array.sum())


SETS = FeatureSets((vectors(1, 2), vectors(5)), (vectors(10), vectors(100)), vectors(1000))


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ((), "precision"),
        ((features_setting(None), number_setting("k", 3, 3)), "precision"),
        ((features_setting("classifier"), None), "precision"),
        ((features_setting("pixels"), number_setting("k", 5, 3)), "precision[pixels,k=5]"),
        ((features_setting("inception"),), "precision[inception]"),
        ((number_setting("k", 5, 3),), "precision[k=5]"),
    ],
)
def test_a_column_is_named_after_the_settings_that_differ_from_the_default(
    settings: tuple[str | None, ...], name: str
) -> None:
    assert column_name("precision", *settings) == name


def test_pair_columns_compare_with_held_out_and_with_training_rows() -> None:
    test, train = PAIR.columns("pixels")
    assert (test.name, test.reference, train.name, train.reference) == (
        "distance[pixels]",
        "test",
        "distance[pixels]_train",
        "train",
    )
    assert {(column.better, column.scale, column.unit) for column in (test, train)} == {("lower", "log", "metres")}
    values = PAIR.values(SETS, sum_of_products, "pixels")
    assert {name: value.tolist() for name, value in values.items()} == {
        "distance[pixels]": [3000, 5000],
        "distance[pixels]_train": [30, 500],
    }


def test_values_are_functions_of_each_seeds_sets() -> None:
    assert values_against_test(sum_of_products, SETS).tolist() == [3000, 5000]
    assert values_against_train(sum_of_products, SETS).tolist() == [30, 500]
    assert values_of_generated(total, SETS).tolist() == [3, 5]


def test_a_set_that_is_not_finite_gives_nan_and_is_not_compared() -> None:
    sets = FeatureSets((vectors(np.nan), vectors(5)), (vectors(10), vectors(np.inf)), vectors(1000))
    np.testing.assert_array_equal(values_against_test(sum_of_products, sets), [np.nan, 5000])
    np.testing.assert_array_equal(values_against_train(sum_of_products, sets), [np.nan, np.nan])
    np.testing.assert_array_equal(values_of_generated(total, sets), [np.nan, 5])


def test_a_value_that_is_not_finite_is_nan() -> None:
    np.testing.assert_array_equal(values_of_generated(lambda rows: np.inf, SETS), [np.nan, np.nan])
