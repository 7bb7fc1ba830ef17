import numpy as np

from raysc.datasets.points.gaussian import Gaussian
from raysc.metrics.closed_form.std_ratio import StdRatio
from raysc.models.closed_form import gaussian
from tests.metrics.closed_form.conftest import FitAndMeasure


def test_it_is_the_square_root_of_the_ratio_of_the_total_variances(
    fit_and_measure: FitAndMeasure, seeds: tuple[int, ...]
) -> None:
    data = Gaussian(dim=3, rows=30)
    values = fit_and_measure(StdRatio(), gaussian.Gaussian(), data)["std_ratio"]
    for value, rows in zip(values, data.train(seeds), strict=True):
        assert np.isclose(value, np.sqrt(np.trace(np.cov(rows.T, ddof=0)) / 3))
