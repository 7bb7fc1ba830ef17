import numpy as np
import pandas as pd
import pytest
from scipy import stats

from raysc.results.statistics.averages import seed_mean, seed_means


def table_of(values: np.ndarray) -> pd.DataFrame:
    """Return the table of one cell from values, float64 (seeds, generations); infinite values are diverged."""
    seeds, generations = values.shape
    return pd.DataFrame(
        {
            "cell": 0,
            "seed": np.repeat(np.arange(seeds), generations),
            "generation": np.tile(np.arange(generations), seeds),
            "diverged": np.isinf(values).ravel(),
            "metric": values.ravel(),
        }
    )


def test_means_of_normal_values_have_students_interval() -> None:
    values = np.random.default_rng(0).normal(0.0, 0.5, 7)
    student = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    mean = seed_mean(values)
    assert (mean.low, mean.high) == pytest.approx((student.low, student.high))


@pytest.mark.parametrize("geometric", [False, True])
def test_curves_have_the_intervals_of_tables(geometric: bool) -> None:
    values = np.random.default_rng(0).exponential(1.0, (10, 4))
    values[3, 0], values[2:, 2], values[1:, 3] = np.nan, np.nan, np.nan
    curve = seed_means(table_of(values), "metric", geometric, bounds=(0.0, 3.0))
    means = [seed_mean(of_generation, geometric, (0.0, 3.0)) for of_generation in values.T]
    for part in ("mean", "low", "high", "seeds"):
        np.testing.assert_allclose(curve[part], [getattr(mean, part) for mean in means])


def test_the_interval_of_skewed_values_is_longer_towards_the_long_tail() -> None:
    mean = seed_mean(np.random.default_rng(2).exponential(1.0, 10))
    assert mean.high - mean.mean > 1.3 * (mean.mean - mean.low)


def test_geometric_means_count_the_values_that_have_no_logarithm() -> None:
    values = np.array([[1.0], [100.0], [-1.0], [np.inf], [np.nan]])
    row = seed_means(table_of(values), "metric", geometric=True).iloc[0]
    assert row["mean"] == pytest.approx(10)
    assert (row["seeds"], row["diverged"], row["without_value"]) == (2, 1, 2)


def test_a_seed_at_0_makes_the_geometric_mean_0_and_counts_in_the_median() -> None:
    row = seed_means(table_of(np.array([[1.0], [100.0], [0.0]])), "metric", geometric=True).iloc[0]
    assert (row["mean"], row["median"], row["seeds"], row["without_value"]) == (0, 1, 3, 0)
    assert np.isnan([row["low"], row["high"]]).all()


def test_infinite_values_have_an_infinite_mean_without_an_interval() -> None:
    infinite = table_of(np.array([[1.0], [np.inf], [np.inf]])).assign(diverged=False)
    row = seed_means(infinite, "metric", geometric=False).iloc[0]
    assert (row["mean"], row["median"], row["seeds"]) == (np.inf, np.inf, 3)
    mean = seed_mean(np.array([1.0, np.nan, -np.inf]))
    assert (mean.mean, mean.seeds) == (-np.inf, 2)
    assert np.isnan([mean.low, mean.high, seed_mean(np.array([-np.inf, np.inf])).mean]).all()


def test_one_seed_has_a_mean_and_no_interval() -> None:
    means = seed_means(table_of(np.array([[2.0, 3.0]])), "metric", geometric=False)
    assert means["mean"].tolist() == [2, 3]
    assert means[["low", "high"]].isna().all(axis=None)
    assert seed_mean(np.array([2.0, np.nan])).seeds == 1
    assert np.isnan(seed_mean(np.array([2.0, np.nan])).low)


def test_no_interval_exceeds_the_bounds_of_the_values() -> None:
    recall = np.array([0.0, 0.0, 0.4])
    free, bounded = seed_mean(recall), seed_mean(recall, bounds=(0.0, 1.0))
    assert free.low < 0
    assert free.high > 1
    assert (bounded.mean, bounded.low, bounded.high) == (free.mean, 0.0, 1.0)
    high = np.array([0.5, 0.99, 1.0])
    assert seed_mean(high, geometric=True).high > 1
    assert seed_mean(high, geometric=True, bounds=(0.0, 1.0)).high == 1
    assert np.isnan(seed_mean(np.array([0.5]), bounds=(0.0, 1.0)).low)
    means = seed_means(table_of(np.array([[0.0], [0.004], [0.0]])), "metric", geometric=False, bounds=(0.0, 1.0))
    assert means["low"].tolist() == [0.0]
