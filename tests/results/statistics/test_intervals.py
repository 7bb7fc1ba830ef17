import numpy as np
import pytest
from scipy import stats

from raysc.results.statistics.intervals import (
    HALL_SEEDS,
    SkewAdjustedInterval,
    holm,
    limits,
    sample_moments,
    standard_error,
    statistic,
)

SAMPLES = 10_000


@pytest.fixture(scope="module")
def skewed() -> np.ndarray:
    """Skewed values of three scales, the last negative, float64 (60, 3)."""
    return np.random.default_rng(4).lognormal(0, 0.7, (60, 3)) * [1.0, 10.0, -0.01]


def miss_rates(values: np.ndarray, mean: float) -> tuple[float, float]:
    """Return the rates of intervals of 95 % above and below the true mean; values: float64 (seeds, samples)."""
    low, high = SkewAdjustedInterval(values).interval(0.95)
    return float((low > mean).mean()), float((high < mean).mean())


@pytest.mark.parametrize("seeds", [8, 12, 50])
@pytest.mark.parametrize("sign", [1, -1])
def test_means_of_skewed_values_rarely_lie_beyond_a_limit(seeds: int, sign: int) -> None:
    generator = np.random.default_rng(seeds)
    chi_square = sign * generator.chisquare(1, (seeds, SAMPLES))
    lognormal = sign * generator.lognormal(size=(seeds, SAMPLES))
    assert max(miss_rates(chi_square, sign)) <= 0.05
    assert max(miss_rates(lognormal, sign * np.exp(0.5))) <= 0.05


@pytest.mark.parametrize("seeds", [3, 5, 8, 20])
@pytest.mark.parametrize("mean", [0.0, 3.0])
def test_means_of_normal_values_rarely_lie_beyond_a_limit(seeds: int, mean: float) -> None:
    values = np.random.default_rng(seeds).normal(mean, 1, (seeds, SAMPLES))
    assert max(miss_rates(values, mean)) <= 0.025 + 3 * np.sqrt(0.025 / SAMPLES)


def test_few_values_of_both_signs_have_students_interval() -> None:
    values = np.array([[-1.0, 0.4], [0.3, -0.2], [2.0, 0.1], [-0.5, -0.3]])
    low, high = SkewAdjustedInterval(values).interval(0.9)
    p = SkewAdjustedInterval(values).p_value(1.0)
    for column in range(2):
        test = stats.ttest_1samp(values[:, column], 1.0)
        interval = test.confidence_interval(0.9)
        assert (low[column], high[column]) == pytest.approx((interval.low, interval.high))
        assert p[column] == pytest.approx(test.pvalue)


def test_values_of_one_sign_have_a_longer_limit_away_from_0() -> None:
    values = np.array([1.0, 2.0, 4.0, 1.5])[:, None] * [1.0, -1.0]
    low, high = SkewAdjustedInterval(values).interval(0.95)
    student = stats.ttest_1samp(values[:, 0], 0.0).confidence_interval(0.95)
    mean = values[:, 0].mean()
    y = (student.high - mean) / mean
    assert (low[0], high[0]) == pytest.approx((student.low, mean * np.exp(y + y**2)))
    assert (low[1], high[1]) == pytest.approx((-high[0], -low[0]))


def test_the_limit_of_few_values_that_differ_widely_is_still_a_number_one_can_use() -> None:
    values = np.array([0.1, 1.0, 4.0])[:, None]
    _, high = SkewAdjustedInterval(values).interval(0.95)
    student = stats.ttest_1samp(values[:, 0], 0.0).confidence_interval(0.95)
    y = student.high / 1.7 - 1
    assert y > 1
    assert high[0] == pytest.approx(1.7 * np.exp(y + 1))


def test_the_transformation_removes_the_skewness(skewed: np.ndarray) -> None:
    values = skewed[:HALL_SEEDS, :1] - skewed[:HALL_SEEDS, :1].mean()
    low, high = limits(sample_moments(values), 2.0)
    error = standard_error(values)[0]
    assert low[0] == pytest.approx(-2 * error)
    assert high[0] > 2.1 * error


def test_no_limit_is_nearer_than_students(skewed: np.ndarray) -> None:
    for values in (skewed, skewed[:6], skewed - skewed.mean(axis=0)):
        low, high = limits(sample_moments(values), 2.0)
        error = standard_error(values)
        assert (low <= values.mean(axis=0) - 2 * error + 1e-12).all()
        assert (high >= values.mean(axis=0) + 2 * error - 1e-12).all()


@pytest.mark.parametrize("seeds", [5, 60])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("centre", [0.0, 1.0])
def test_the_p_value_of_a_limit_is_one_minus_the_level(
    skewed: np.ndarray, seeds: int, level: float, centre: float
) -> None:
    interval = SkewAdjustedInterval(skewed[:seeds] - centre * skewed[:seeds].mean(axis=0))
    for ends in interval.interval(level):
        for column, end in enumerate(ends):
            assert interval.p_value(float(end))[column] == pytest.approx(1 - level, rel=1e-6)


@pytest.mark.parametrize("seeds", [4, 60])
def test_equal_values_have_an_interval_of_no_width(seeds: int) -> None:
    interval = SkewAdjustedInterval(np.full((seeds, 1), 0.1) + np.array([0.0, 1e-16] * (seeds // 2))[:, None])
    low, high = interval.interval(0.95)
    assert (low[0], high[0]) == pytest.approx((0.1, 0.1), abs=1e-15)
    assert interval.p_value(0.2)[0] == 0
    assert interval.p_value(float(low[0]))[0] == 1
    assert statistic(sample_moments(np.zeros((seeds, 1))), 0.0) == [0.0]


def test_holm_on_small_examples() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]


def test_the_standard_error_of_rounding_alone_is_zero() -> None:
    values = np.array([[1.0, 1.0], [1.0 + 1e-14, 2.0]])
    np.testing.assert_allclose(standard_error(values), [0.0, 0.5])
