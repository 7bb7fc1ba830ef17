import numpy as np

from raysc.datasets.points.gaussian import Gaussian
from raysc.datasets.points.moons import Moons
from raysc.metrics.closed_form.trace_ratio import TraceRatio
from raysc.models.closed_form import gaussian
from tests.metrics.closed_form.conftest import FitAndMeasure


def test_it_is_the_ratio_of_the_total_variances(fit_and_measure: FitAndMeasure, seeds: tuple[int, ...]) -> None:
    for data in (Gaussian(dim=3, rows=30), Moons(rows=200, noise=0.1)):
        values = fit_and_measure(TraceRatio(), gaussian.Gaussian(ddof=1), data)["trace_ratio"]
        _, sigma_0 = data.moments()
        for value, rows in zip(values, data.train(seeds), strict=True):
            assert np.isclose(value, np.trace(np.cov(rows.T)) / np.trace(sigma_0))


def test_it_is_finite_for_a_singular_covariance(fit_and_measure: FitAndMeasure) -> None:
    assert np.isfinite(fit_and_measure(TraceRatio(), gaussian.Gaussian(), Gaussian(dim=5, rows=4))["trace_ratio"]).all()
