import numpy as np
from scipy import stats

from raysc.datasets.points.categories import Categories
from raysc.datasets.points.gaussian import Gaussian
from raysc.datasets.points.linear import Linear
from raysc.metrics.closed_form.nll import Nll
from raysc.models.closed_form import gaussian
from raysc.models.closed_form.discrete import Discrete
from raysc.models.closed_form.linear_regression import LinearRegression
from tests.metrics.closed_form.conftest import FitAndMeasure


def test_for_a_gaussian_it_is_that_of_scipy(fit_and_measure: FitAndMeasure, seeds: tuple[int, ...]) -> None:
    data = Gaussian(dim=3, rows=30)
    values = fit_and_measure(Nll(), gaussian.Gaussian(), data)["nll"]
    for value, rows in zip(values, data.train(seeds), strict=True):
        fitted = stats.multivariate_normal(rows.mean(axis=0), np.cov(rows.T, ddof=0))
        assert np.isclose(value, -fitted.logpdf(data.test()).mean())


def test_for_a_discrete_distribution_it_is_minus_the_log_proportion(
    fit_and_measure: FitAndMeasure, seeds: tuple[int, ...]
) -> None:
    data = Categories(outcomes=12, rows=40)
    values = fit_and_measure(Nll(), Discrete().for_data(data), data)["nll"]
    for value, rows in zip(values, data.train(seeds), strict=True):
        proportions = np.bincount(rows[:, 0], minlength=12) / 40
        with np.errstate(divide="ignore"):
            assert np.isclose(value, -np.log(proportions)[data.test()[:, 0]].mean())


def test_for_a_regression_it_is_that_of_y_given_x(fit_and_measure: FitAndMeasure, seeds: tuple[int, ...]) -> None:
    data = Linear(dim=3, rows=20, noise=2.0)
    values = fit_and_measure(Nll(), LinearRegression().for_data(data), data)["nll"]
    x, y = data.test()[:, :-1], data.test()[:, -1]
    for value, rows in zip(values, data.train(seeds), strict=True):
        weights = np.linalg.lstsq(rows[:, :-1], rows[:, -1], rcond=None)[0]
        assert np.isclose(value, -stats.norm(x @ weights, 2.0).logpdf(y).mean())


def test_a_model_without_a_density_has_infinite_nll(fit_and_measure: FitAndMeasure) -> None:
    assert np.isposinf(fit_and_measure(Nll(), gaussian.Gaussian(), Gaussian(dim=5, rows=4))["nll"]).all()
