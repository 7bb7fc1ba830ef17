import numpy as np
import pandas as pd
import pytest

from raysc.metrics.core.metric import Column
from raysc.results.statistics.excess import aggregate, damage, excess, initial_quality

DISTANCE = Column("distance", "lower", "log", "test")
RECALL = Column("recall", "higher", "linear", "test")


def table(**columns):
    return pd.DataFrame({"generation": 0, "diverged": False, **columns})


@pytest.mark.parametrize(
    ("better", "scale", "expected"),
    [("lower", "log", np.log(2)), ("higher", "log", -np.log(2)), ("lower", "linear", 3), ("higher", "linear", -3)],
)
def test_damage_is_positive_where_the_value_is_the_worse_one(better, scale, expected):
    column = Column("m", better, scale, "test")
    assert damage(np.array([6.0]), np.array([3.0]), column) == pytest.approx([expected])


def test_a_ratio_with_nothing_is_no_number():
    assert np.isnan(damage(np.array([0.0, 1.0, np.nan]), np.array([1.0, 0.0, 1.0]), DISTANCE)).all()


def test_excess_is_paired_by_seed_and_generation():
    both = table(cell=[0, 0, 1, 1], seed=[0, 1, 1, 0], distance=[2.0, 30.0, 10.0, 1.0])
    found = excess(both, {0: 1, 1: 1}, DISTANCE)
    assert found == pytest.approx([np.log(2), np.log(3), 0, 0])


def test_excess_is_empty_where_the_control_is_missing():
    both = table(cell=[0, 0, 1, 2], seed=[0, 1, 0, 0], recall=[0.5, 0.5, 0.75, 0.1])
    found = excess(both, {0: 1, 1: 1}, RECALL)
    np.testing.assert_allclose(found, [0.25, np.nan, 0, np.nan])


def test_initial_quality_is_generation_0_against_real_rows_on_every_row_of_the_seed():
    rows = table(cell=0, seed=[0, 0, 1, 1], generation=[0, 1, 0, 1], distance=[4.0, 9.0, 2.0, 9.0], distance_floor=2.0)
    assert initial_quality(rows, DISTANCE) == pytest.approx([np.log(2), np.log(2), 0, 0])


def test_initial_quality_needs_generation_0_and_a_floor():
    later = table(cell=0, seed=[0], distance=[4.0], distance_floor=2.0).assign(generation=1)
    assert np.isnan(initial_quality(later, DISTANCE)).all()
    assert np.isnan(initial_quality(later.assign(generation=0).drop(columns="distance_floor"), DISTANCE)).all()


def test_aggregate_leaves_diverged_seeds_out_of_the_mean_but_counts_them():
    rows = table(**{"lambda": [1.0, 1.0, np.nan]}, recall=[0.2, np.nan, 0.6]).assign(diverged=[False, True, False])
    found = aggregate(rows, ["lambda"], ["recall"])
    assert found["count"].tolist() == [2, 1]
    assert found["diverged"].tolist() == [1, 0]
    assert found["recall_mean"].tolist() == [0.2, 0.6]
