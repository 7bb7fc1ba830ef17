import numpy as np

from raysc.datasets.points.gaussian import Gaussian
from raysc.datasets.points.moons import Moons
from raysc.metrics.closed_form.second_moment import SecondMoment
from raysc.models.closed_form import gaussian, kde
from tests.metrics.closed_form.conftest import FitAndMeasure


def test_it_is_the_mean_square_about_the_true_mean(fit_and_measure: FitAndMeasure, seeds: tuple[int, ...]) -> None:
    data = Gaussian(dim=3, rows=30)
    values = fit_and_measure(SecondMoment(), gaussian.Gaussian(), data)["second_moment"]
    for value, rows in zip(values, data.train(seeds), strict=True):
        assert np.isclose(value, np.square(rows).mean())


def test_the_true_mean_is_that_of_the_data(fit_and_measure: FitAndMeasure, seeds: tuple[int, ...]) -> None:
    data = Moons(rows=200, noise=0.1)
    values = fit_and_measure(SecondMoment(), gaussian.Gaussian(ddof=1), data)["second_moment"]
    mu_0, _ = data.moments()
    for value, rows in zip(values, data.train(seeds), strict=True):
        assert np.isclose(value, np.square(rows - mu_0).sum(axis=1).mean() / 2, rtol=0.02)


def test_a_kernel_density_estimate_includes_the_kernel(fit_and_measure: FitAndMeasure, seeds: tuple[int, ...]) -> None:
    data = Moons(rows=50)
    values = fit_and_measure(SecondMoment(), kde.Kde(0.5), data)["second_moment"]
    mu_0, _ = data.moments()
    for value, rows in zip(values, data.train(seeds), strict=True):
        assert np.isclose(value, np.square(rows - mu_0).sum(axis=1).mean() / 2 + 0.25)
