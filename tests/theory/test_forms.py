"""Closed forms compared with each other, their recursions and limits; test_loop.py compares them with the loop."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import chi

from raysc.theory import discrete, gaussian, kde, mixing, moments, regression

T = np.arange(60)

Form = Callable[..., np.ndarray]


@pytest.mark.parametrize("form", [
    lambda t: moments.replace(t, 10, 7, 5),
    lambda t: moments.accumulate(t, 10, 25),
    lambda t: moments.accumulate_subsample(t, 10),
    lambda t: moments.accumulate_subsample_pool(t, 10),
    lambda t: moments.mix(t, 10, 5, 3),
    lambda t: mixing.error_around_the_real_mean(t, 10, 5),
    lambda t: mixing.biased_variance_share(t, 10, 5, 1.5),
    lambda t: gaussian.replace_log_det(t, 10, 3),
    lambda t: gaussian.replace_det(t, 10, 3),
    lambda t: gaussian.replace_deviation(t, 10),
    lambda t: gaussian.replace_unbiased_mean_error(t, 10),
    lambda t: kde.replace(t, 1.0, 0.5),
    lambda t: kde.accumulate(t, 1.0, 0.5, 10, 5),
    lambda t: regression.replace(t, 10, 3, 0.1),
    lambda t: regression.accumulate(t, 10, 3, 0.1),
    lambda t: discrete.replace(t, 10),
    lambda t: discrete.accumulate(t, 10),
])  # fmt: skip
def test_generations_may_be_an_integer_or_a_sequence_in_any_order(form: Form) -> None:
    values = form(T)
    assert values.dtype == np.float64
    assert values.shape == T.shape
    np.testing.assert_array_equal(form((7, 0, 50)), values[[7, 0, 50]])
    np.testing.assert_array_equal([form(0), form(50)], values[[0, 50]])


def test_m_and_n_0_default_to_n() -> None:
    k = T + 1
    np.testing.assert_allclose(moments.replace(T, 10), 0.9**k)
    np.testing.assert_allclose(moments.replace(T, 10), moments.replace(T, 10, 10, 10))
    np.testing.assert_allclose(moments.accumulate(T, 10), np.cumprod(1 - 1 / (10 * k**2.0)))
    np.testing.assert_allclose(moments.accumulate(T, 10), moments.accumulate(T, 10, 10))
    np.testing.assert_allclose(kde.accumulate(T, 1.0, 2.0), 1 + 4 * np.cumsum(1 / k))
    np.testing.assert_allclose(kde.accumulate(T, 1.0, 2.0, 30, 30), kde.accumulate(T, 1.0, 2.0))


def test_accumulate_tends_to_its_limit() -> None:
    for n in (2, 10, 1000):
        assert moments.accumulate(200_000, n) == pytest.approx(moments.accumulate_limit(n), rel=1e-5)
    assert 1 - moments.accumulate_limit(10_000) == pytest.approx(np.pi**2 / 6e4, rel=1e-3)


def test_accumulate_subsample_agrees_with_the_papers_form_of_the_mean_error() -> None:
    n, k = 10, T + 1
    pool = moments.accumulate_subsample_pool(T, n)
    share = moments.accumulate_subsample(T, n)
    assert share[0] == pytest.approx(1 - 1 / n)
    size = k * n
    np.testing.assert_allclose(moments.mean_error(share), 1 - pool + (1 / n) * (1 - 1 / k) * size / (size - 1) * pool)
    assert (np.diff(pool) < 0).all()


@pytest.mark.parametrize("form", [moments.replace, moments.accumulate, moments.accumulate_subsample])
def test_a_single_row_has_no_variance(form: Form) -> None:
    assert (form(T, 1) == 0).all()


@pytest.mark.parametrize(("n", "m", "n_0"), [(10, 10, 10), (10, 3, 10), (100, 400, 5), (20, 0, 4)])
def test_mix_satisfies_its_recursion(n: int, m: int, n_0: int) -> None:
    lambda_, v = m / n, 1 / n_0 - 1 / n
    share = moments.mix(T, n, m, n_0)
    for t in T.tolist():
        assert mixing.error_around_the_real_mean(t, n, m, n_0) == pytest.approx(v, rel=1e-9, abs=1e-15)
        assert share[t] == pytest.approx(1 - 1 / n - v)
        v = mixing.contraction(lambda_) ** 2 * v + lambda_ * (1 - 1 / n - v) / ((1 + lambda_) ** 2 * n)
    assert mixing.error_around_the_real_mean(100_000, n, m, n_0) == pytest.approx(mixing.error_floor(n, m))
    assert share[0] == pytest.approx(1 - 1 / n_0)


def test_a_mix_without_synthetic_rows_is_a_fit_to_the_real_rows() -> None:
    np.testing.assert_allclose(moments.mix(T, 20, 0), 1 - 1 / 20)
    assert (mixing.error_around_the_real_mean(T, 20, 0, 5)[1:] == 0).all()


def test_the_error_floor_is_below_1_over_2n_and_falls_as_1_over_n() -> None:
    floors = [mixing.error_floor(100, m) for m in (0, 10, 100, 10_000, 10**9)]
    assert floors == sorted(floors)
    assert floors[-1] < 1 / 200
    assert mixing.error_floor(100, 100) / mixing.error_floor(10_000, 10_000) == pytest.approx(100, rel=0.02)


def test_theorem_1_is_nan_from_one_half_on_and_kappa_grows_with_the_misfit() -> None:
    kappa = mixing.theorem_1(np.array([0.0, 0.25, 0.5, 2.0]), concavity=1.0)
    np.testing.assert_allclose(kappa, [0, 1 / 3, np.nan, np.nan])
    assert mixing.theorem_1(0.25, concavity=2.0, lipschitz=1.0, misfit=1.0) == pytest.approx(0.375 / 0.625)
    assert np.isnan(mixing.theorem_1(0.4, concavity=2.0, lipschitz=1.0, misfit=1.0))
    # The contraction of a well-specified mix is smaller than kappa, and below 1 for lambda above 1/2 too.
    assert mixing.contraction(0.25) < kappa[1]
    assert mixing.contraction(2.0) < 1


@pytest.mark.parametrize("ddof", [0, 1])
def test_determinants_in_one_dimension_are_variances(ddof: int) -> None:
    share = moments.replace(T, 10, 7, 5) if ddof == 0 else np.ones(len(T))
    np.testing.assert_allclose(gaussian.replace_det(T, 10, 1, 7, 5, ddof), share)
    assert (gaussian.replace_log_det(T, 10, 1, 7, 5, ddof) < np.log(share) - 0.1).all()  # Jensen's inequality


def test_c4_is_the_mean_of_a_chi_variable() -> None:
    for n in (2, 5, 100, 10_000):
        assert gaussian.c4(n) == pytest.approx(chi(n - 1).mean() / np.sqrt(n - 1), rel=1e-9)
    np.testing.assert_allclose(gaussian.replace_deviation(T, 10), gaussian.c4(10) ** (T + 1))


def test_infinite_expectations_are_refused() -> None:
    for call in (
        lambda: gaussian.replace_log_det(T, 3, 3),
        lambda: gaussian.replace_det(T, 10, 3, m=2),
        lambda: gaussian.c4(1),
        lambda: regression.replace(T, 4, 3, 1.0),
        lambda: discrete.fits_to_collapse(10, 1),
    ):
        with pytest.raises(ValueError, match=r"more rows|finite from 5 rows|at least 2 outcomes"):
            call()


def test_regression_error_under_accumulate_is_at_most_pi_squared_over_6_times_the_first() -> None:
    assert regression.one_fit(13, 2, 0.5) == pytest.approx(0.05)
    np.testing.assert_allclose(regression.replace(T, 13, 2, 0.5), 0.05 * (T + 1))
    assert regression.accumulate(10_000, 13, 2, 0.5) == pytest.approx(0.05 * np.pi**2 / 6, rel=1e-4)


def test_fits_to_collapse_tend_to_2n() -> None:
    assert discrete.fits_to_collapse(100, 2) == pytest.approx(200 * np.log(2))
    assert discrete.fits_to_collapse(100, 10**6) == pytest.approx(200, rel=1e-5)


def test_a_covariance_scale_of_one_is_the_unbiased_mix() -> None:
    np.testing.assert_allclose(mixing.biased_variance_share(T, 10, 5, 1, 4), moments.mix(T, 10, 5, 4))
    np.testing.assert_allclose(mixing.biased_variance_share(T, 10, 0, 2, 4), moments.mix(T, 10, 0, 4))


def test_a_covariance_scale_is_stable_up_to_its_threshold() -> None:
    n, late = 10**6, 600
    assert mixing.biased_variance_share(late, n, 2 * n, 1.25) == pytest.approx(2, rel=1e-4)
    assert mixing.biased_variance_share(late, n, n, 1.5) == pytest.approx(2, rel=1e-4)
    growth = np.divide(*mixing.biased_variance_share((late, late - 1), n, 8 * n, 1.25))
    assert growth == pytest.approx(8 * 1.25 / 9, rel=1e-4)
