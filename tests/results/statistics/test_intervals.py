import numpy as np
import pytest
from scipy import stats

from raysc.results.statistics.intervals import RESAMPLES, Bca, Student, holm, standard_error


@pytest.fixture(scope="module")
def skewed() -> np.ndarray:
    """Skewed values of three scales, float64 (60, 3)."""
    return np.random.default_rng(4).lognormal(0, 0.7, (60, 3)) * [1.0, 10.0, 0.01]


def test_student_is_the_t_test() -> None:
    values = np.random.default_rng(1).normal(2, 3, (7, 2))
    low, high = Student(values).interval(0.9)
    p = Student(values).p_value(1.0)
    for column in range(2):
        test = stats.ttest_1samp(values[:, column], 1.0)
        interval = test.confidence_interval(0.9)
        assert (low[column], high[column]) == pytest.approx((interval.low, interval.high))
        assert p[column] == pytest.approx(test.pvalue)


def test_bca_agrees_with_an_independent_bootstrap(skewed: np.ndarray) -> None:
    low, high = Bca(skewed).interval(0.95)
    for column in range(3):
        reference = stats.bootstrap(
            (skewed[:, column],), np.mean, n_resamples=20000, method="BCa", rng=np.random.default_rng(0)
        ).confidence_interval
        width = reference.high - reference.low
        assert low[column] == pytest.approx(reference.low, abs=0.03 * width)
        assert high[column] == pytest.approx(reference.high, abs=0.03 * width)


def test_bca_is_longer_towards_the_long_tail(skewed: np.ndarray) -> None:
    low, high = Bca(skewed).interval(0.95)
    mean = skewed.mean(axis=0)
    assert (high - mean > mean - low).all()


@pytest.mark.parametrize("method", [Student, Bca])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
def test_the_p_value_of_a_limit_is_one_minus_the_level(
    skewed: np.ndarray, method: type[Student] | type[Bca], level: float
) -> None:
    interval = method(skewed)
    for limits in interval.interval(level):
        for column, limit in enumerate(limits):
            tolerance = 1e-9 if method is Student else 3 / (RESAMPLES * (1 - level))
            assert interval.p_value(limit)[column] == pytest.approx(1 - level, rel=tolerance, abs=1e-3)


@pytest.mark.parametrize("method", [Student, Bca])
def test_equal_values_have_an_interval_of_no_width(method: type[Student] | type[Bca]) -> None:
    interval = method(np.full((60, 1), 0.1) + np.array([0.0, 1e-16] * 30)[:, None])
    low, high = interval.interval(0.95)
    assert (low[0], high[0]) == pytest.approx((0.1, 0.1), abs=1e-15)
    assert interval.p_value(0.2)[0] < 1e-3
    assert interval.p_value(low[0])[0] > 0.05


def test_bca_is_the_same_at_every_call(skewed: np.ndarray) -> None:
    np.testing.assert_array_equal(Bca(skewed).interval(0.9), Bca(skewed.copy()).interval(0.9))


def test_holm_on_small_examples() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]


def test_the_standard_error_of_rounding_alone_is_zero() -> None:
    values = np.array([[1.0, 1.0], [1.0 + 1e-14, 2.0]])
    np.testing.assert_allclose(standard_error(values), [0.0, 0.5])
