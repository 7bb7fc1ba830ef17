"""Properties of all metrics of closed-form models."""

from importlib import import_module

import numpy as np

from raysc.datasets.points.gaussian import Gaussian
from raysc.metrics import METRICS
from raysc.metrics.closed_form.det_ratio import DetRatio
from raysc.metrics.closed_form.gaussian_kl_divergence import GaussianKlDivergence
from raysc.metrics.closed_form.mean_error import MeanError
from raysc.metrics.closed_form.nll import Nll
from raysc.metrics.closed_form.second_moment import SecondMoment
from raysc.metrics.closed_form.std_ratio import StdRatio
from raysc.metrics.closed_form.trace_ratio import TraceRatio
from raysc.metrics.core.measure import RealSets, floors, measure
from raysc.metrics.core.metric import FittedModels, ModelMetric
from raysc.models.closed_form import gaussian
from tests.metrics.closed_form.conftest import Fit

DENSITY_METRICS: list[ModelMetric] = [
    MeanError(),
    TraceRatio(),
    StdRatio(),
    DetRatio(),
    SecondMoment(),
    Nll(),
    GaussianKlDivergence(),
]


def test_the_metrics_of_this_package_are_metrics_of_models_without_reference() -> None:
    addresses = [address.split(":") for address in METRICS.values() if ".closed_form." in address]
    assert len(addresses) == 15
    for module, name in addresses:
        metric = getattr(import_module(module), name)()
        assert isinstance(metric, ModelMetric)
        assert all(column.reference == "none" for column in metric.columns)


def test_a_diverged_seed_gives_nan_and_leaves_the_other_values(fit: Fit, seeds: tuple[int, ...]) -> None:
    data = Gaussian(dim=2, rows=30)
    models = fit(gaussian.Gaussian(), data)
    state = {name: array.copy() for name, array in models.state.items()}
    for array in state.values():
        array[1] = np.nan
    rows = data.train(seeds)
    real = RealSets("points", rows, data.test())
    values = measure(DENSITY_METRICS, rows, real, FittedModels(models.family, state, data, data.test()))
    for name, expected in measure(DENSITY_METRICS, rows, real, models).items():
        assert np.isnan(values[name][1]), name
        np.testing.assert_array_equal(values[name][[0, 2]], expected[[0, 2]])


def test_a_seed_without_finite_rows_gives_nan(fit: Fit, seeds: tuple[int, ...]) -> None:
    data = Gaussian(dim=2, rows=30)
    rows = data.train(seeds).copy()
    rows[1] = np.nan
    values = measure(
        DENSITY_METRICS, rows, RealSets("points", data.train(seeds), data.test()), fit(gaussian.Gaussian(), data)
    )
    for name, value in values.items():
        np.testing.assert_array_equal(np.isnan(value), [False, True, False], err_msg=name)


def test_metrics_of_models_have_no_floors(seeds: tuple[int, ...]) -> None:
    data = Gaussian(dim=2, rows=30)
    assert floors(DENSITY_METRICS, 30, RealSets("points", data.train(seeds), data.test())) == {}
