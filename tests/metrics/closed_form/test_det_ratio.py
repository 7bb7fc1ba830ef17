import numpy as np

from raysc.datasets.points.gaussian import Gaussian
from raysc.datasets.points.moons import Moons
from raysc.metrics.closed_form.det_ratio import DetRatio
from raysc.models.closed_form import gaussian, kde
from tests.metrics.closed_form.conftest import FitAndMeasure


def test_it_is_the_ratio_of_the_determinants_and_its_logarithm(
    fit_and_measure: FitAndMeasure, seeds: tuple[int, ...]
) -> None:
    for data in (Gaussian(dim=3, rows=30), Moons(rows=200, noise=0.1)):
        values = fit_and_measure(DetRatio(), gaussian.Gaussian(ddof=1), data)
        _, sigma_0 = data.moments()
        for index, rows in enumerate(data.train(seeds)):
            expected = np.linalg.det(np.cov(rows.T)) / np.linalg.det(sigma_0)
            assert np.isclose(values["det_ratio"][index], expected)
            assert np.isclose(values["log_det_ratio"][index], np.log(expected))


def test_a_kernel_density_estimate_includes_the_kernel(fit_and_measure: FitAndMeasure, seeds: tuple[int, ...]) -> None:
    data = Moons(rows=50)
    values = fit_and_measure(DetRatio(), kde.Kde(0.5), data)["log_det_ratio"]
    _, sigma_0 = data.moments()
    for value, rows in zip(values, data.train(seeds), strict=True):
        sigma_t = np.cov(rows.T, ddof=0) + 0.25 * np.eye(2)
        assert np.isclose(value, np.log(np.linalg.det(sigma_t) / np.linalg.det(sigma_0)))


def test_a_singular_covariance_has_determinant_0(fit_and_measure: FitAndMeasure) -> None:
    values = fit_and_measure(DetRatio(), gaussian.Gaussian(), Gaussian(dim=5, rows=4))
    assert (values["det_ratio"] == 0).all()
    assert np.isneginf(values["log_det_ratio"]).all()
