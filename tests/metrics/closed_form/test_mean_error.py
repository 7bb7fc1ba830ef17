import numpy as np

from raysc.datasets.points.gaussian import Gaussian
from raysc.datasets.points.moons import Moons
from raysc.metrics.closed_form.mean_error import MeanError
from raysc.models.closed_form import gaussian
from tests.metrics.closed_form.conftest import FitAndMeasure


def test_it_is_the_squared_distance_from_the_true_mean(fit_and_measure: FitAndMeasure, seeds: tuple[int, ...]) -> None:
    for data in (Gaussian(dim=3, rows=30), Moons(rows=200, noise=0.1)):
        values = fit_and_measure(MeanError(), gaussian.Gaussian(), data)["mean_error"]
        mu_0, _ = data.moments()
        for value, rows in zip(values, data.train(seeds), strict=True):
            assert np.isclose(value, np.square(rows.mean(axis=0) - mu_0).sum())
