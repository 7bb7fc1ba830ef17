import numpy as np

from raysc.datasets.points.linear import Linear
from raysc.metrics.closed_form.test_error import TestError as PredictionError  # pytest collects names with Test
from raysc.models.closed_form.linear_regression import LinearRegression
from tests.metrics.closed_form.conftest import FitAndMeasure


def test_it_is_the_mean_squared_error_at_the_held_out_x(fit_and_measure: FitAndMeasure, seeds: tuple[int, ...]) -> None:
    data = Linear(dim=3, rows=20, noise=2.0)
    values = fit_and_measure(PredictionError(), LinearRegression().for_data(data), data)["test_error"]
    x = data.test()[:, :-1]
    for value, rows in zip(values, data.train(seeds), strict=True):
        weights = np.linalg.lstsq(rows[:, :-1], rows[:, -1], rcond=None)[0]
        assert np.isclose(value, np.square(x @ (weights - 1)).mean())
        assert np.isclose(value, np.square(weights - 1).sum()), "the held-out x measure the expectation over x exactly"
