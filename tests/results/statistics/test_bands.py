import numpy as np
import pytest

from raysc.results.statistics.bands import Band
from raysc.results.statistics.intervals import SkewAdjustedInterval

GENERATOR = np.random.default_rng(0)


def random_walks(seeds: int, columns: int, trials: int) -> np.ndarray:
    """Return random walks from 0, float64 (trials, seeds, columns)."""
    steps = np.random.default_rng(seeds).normal(size=(trials, seeds, columns))
    return steps.cumsum(axis=2)


@pytest.mark.parametrize("seeds", [3, 5, 20, 100])
def test_the_band_holds_all_true_means_as_often_as_the_level_says(seeds: int) -> None:
    trials = 400
    missed = 0
    for values in random_walks(seeds, 6, trials):
        low, high = Band(values, resamples=999).interval(0.95)
        missed += bool((low > 0).any() or (high < 0).any())
    assert missed / trials <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / trials)


@pytest.mark.parametrize("seeds", [5, 30])
def test_the_band_of_one_column_is_the_interval_of_its_mean(seeds: int) -> None:
    values = GENERATOR.normal(size=(seeds, 1))
    (low, high), (single_low, single_high) = Band(values).interval(0.95), SkewAdjustedInterval(values).interval(0.95)
    assert high - low == pytest.approx(single_high - single_low, rel=0.05)


def test_the_band_of_skewed_values_holds_all_true_means_as_often_as_the_level_says() -> None:
    seeds, trials = 12, 400
    missed = 0
    for values in np.random.default_rng(1).chisquare(1, (trials, seeds, 4)):
        low, high = Band(values, resamples=999).interval(0.95)
        missed += bool((low > 1).any() or (high < 1).any())
    assert missed / trials <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / trials)


def test_the_band_is_wider_than_pointwise_intervals_and_narrower_than_bonferroni() -> None:
    (values,) = random_walks(40, 10, 1)
    low, high = Band(values).interval(0.95)
    pointwise = SkewAdjustedInterval(values).interval(0.95)
    bonferroni = SkewAdjustedInterval(values).interval(1 - 0.05 / 10)
    assert (high > pointwise[1]).all()
    assert (high < bonferroni[1]).all()
    assert (low < pointwise[0]).all()
    assert (low > bonferroni[0]).all()


def test_the_p_value_of_a_limit_is_one_minus_the_level() -> None:
    (values,) = random_walks(20, 4, 1)
    band = Band(values)
    _, high = band.interval(0.9)
    for column in range(4):
        assert band.p_value(high[column])[column] == pytest.approx(0.1, abs=2e-3)


def test_a_column_of_equal_values_has_no_width_and_no_effect() -> None:
    values = np.column_stack([np.full(10, 2.0), GENERATOR.normal(size=10)])
    low, high = Band(values).interval(0.95)
    assert (low[0], high[0]) == (2.0, 2.0)
    assert low[1] < high[1]
