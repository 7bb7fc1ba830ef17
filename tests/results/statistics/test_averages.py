import numpy as np
import pandas as pd
import pytest
from scipy import stats

from raysc.results.statistics.averages import mean_of, over_seeds


def table(values: np.ndarray) -> pd.DataFrame:
    """One cell with a generation per column, float64 (seeds, generations)."""
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


def test_intervals_agree_with_an_independent_bootstrap_t():
    values = np.random.default_rng(0).normal(3.0, 0.5, 40)
    draws = np.random.default_rng(1).choice(values, (20_000, 40))
    scores = (draws.mean(axis=1) - values.mean()) / (draws.std(axis=1, ddof=1) / np.sqrt(40))
    error = values.std(ddof=1) / np.sqrt(40)
    low, high = values.mean() - np.quantile(scores, [0.975, 0.025]) * error
    found = mean_of(values)
    assert found.low == pytest.approx(low, abs=0.15 * error)
    assert found.high == pytest.approx(high, abs=0.15 * error)
    drawn = over_seeds(table(values[:, None]), "metric", logarithms=False).iloc[0]
    assert (drawn["mean"], drawn["low"], drawn["high"]) == pytest.approx((found.mean, found.low, found.high))


def test_intervals_of_many_skewed_seeds_agree_with_scipys_bca_bootstrap():
    values = np.random.default_rng(2).exponential(1.0, 80)
    expected = stats.bootstrap((values,), np.mean, n_resamples=20_000, rng=np.random.default_rng(3)).confidence_interval
    found = mean_of(values)
    assert found.low == pytest.approx(expected.low, abs=0.02)
    assert found.high == pytest.approx(expected.high, abs=0.02)
    assert found.high - found.mean > found.mean - found.low


def test_geometric_means_leave_out_what_has_no_logarithm_and_say_so():
    found = over_seeds(table(np.array([[1.0], [100.0], [0.0], [np.inf], [np.nan]])), "metric", logarithms=True).iloc[0]
    assert found["mean"] == pytest.approx(10)
    assert (found["seeds"], found["diverged"], found["without_value"]) == (2, 1, 2)


def test_one_seed_has_a_mean_and_no_interval():
    found = over_seeds(table(np.array([[2.0, 3.0]])), "metric", logarithms=False)
    assert found["mean"].tolist() == [2, 3]
    assert found[["low", "high"]].isna().all(axis=None)
    assert mean_of(np.array([2.0, np.nan])).seeds == 1
    assert np.isnan(mean_of(np.array([2.0, np.nan])).low)
