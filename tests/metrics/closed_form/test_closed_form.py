"""Metrics of fitted models against their definitions and scipy."""

from importlib import import_module

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from raysc.datasets.digits import Digits
from raysc.datasets.gaussian import Gaussian
from raysc.datasets.moons import Moons
from raysc.errors import InputError
from raysc.metrics import METRICS
from raysc.metrics.closed_form.det_ratio import DetRatio
from raysc.metrics.closed_form.mean_error import MeanError
from raysc.metrics.closed_form.nll import Nll
from raysc.metrics.closed_form.second_moment import SecondMoment
from raysc.metrics.closed_form.std_ratio import StdRatio
from raysc.metrics.closed_form.trace_ratio import TraceRatio
from raysc.metrics.core.check import check_metrics
from raysc.metrics.core.measure import Real, floors, measure
from raysc.metrics.core.metric import Modelled, ModelMetric
from raysc.models.closed_form import gaussian, kde
from raysc.models.flows.flow_matching import FlowMatching
from raysc.pool.rows import MemoryBlock, Rows, TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams

EVERY = [MeanError(), TraceRatio(), StdRatio(), DetRatio(), SecondMoment(), Nll()]
SEEDS = (0, 1, 2)


def modelled(family, data) -> Modelled:
    rows = Rows(REAL, (MemoryBlock("real", 0, data.train(SEEDS)),))
    return Modelled(family, family.fit(TrainingSet((rows,)), Streams(SEEDS, 0)), data, data.test())


def values(family, data) -> dict[str, np.ndarray]:
    train = data.train(SEEDS)
    return measure(EVERY, train, Real("points", train, data.test()), modelled(family, data))


def test_these_are_all_that_are_registered() -> None:
    built = [getattr(import_module(module), name) for module, name in (a.split(":") for a in METRICS.values())]
    of_models = {metric for metric in built if hasattr(metric, "asks")}
    assert {type(metric) for metric in EVERY} <= of_models
    assert all(isinstance(metric, ModelMetric) for metric in EVERY)


def test_a_gaussians_numbers_are_those_of_its_mean_and_covariance() -> None:
    data = Gaussian(dim=3, rows=30)
    found = values(gaussian.Gaussian(), data)
    for seed, rows in enumerate(data.train(SEEDS)):
        mean, covariance = rows.mean(axis=0), np.cov(rows.T, ddof=0)
        assert np.isclose(found["mean_error"][seed], mean @ mean)
        assert np.isclose(found["trace_ratio"][seed], np.trace(covariance) / 3)
        assert np.isclose(found["std_ratio"][seed], np.sqrt(np.trace(covariance) / 3))
        assert np.isclose(found["det_ratio"][seed], np.linalg.det(covariance))
        assert np.isclose(found["log_det_ratio"][seed], np.log(np.linalg.det(covariance)))
        assert np.isclose(found["second_moment"][seed], np.square(rows).mean())
        assert np.isclose(found["nll"][seed], -multivariate_normal(mean, covariance).logpdf(data.test()).mean())


def test_the_truth_is_the_datas_own() -> None:
    data = Moons(rows=200, noise=0.1)
    found = values(gaussian.Gaussian(ddof=1), data)
    mean, covariance = data.moments()
    for seed, rows in enumerate(data.train(SEEDS)):
        assert np.isclose(found["mean_error"][seed], np.square(rows.mean(axis=0) - mean).sum())
        assert np.isclose(found["trace_ratio"][seed], np.trace(np.cov(rows.T)) / np.trace(covariance))
        assert np.isclose(found["det_ratio"][seed], np.linalg.det(np.cov(rows.T)) / np.linalg.det(covariance))
        assert np.isclose(found["second_moment"][seed], np.square(rows - mean).sum(axis=1).mean() / 2, rtol=0.02)


def test_of_a_kernel_density_estimate_the_kernel_is_included() -> None:
    data = Moons(rows=50)
    found = values(kde.Kde(0.5), data)
    mean, _ = data.moments()
    for seed, rows in enumerate(data.train(SEEDS)):
        assert np.isclose(found["second_moment"][seed], np.square(rows - mean).sum(axis=1).mean() / 2 + 0.25)
        wide = np.cov(rows.T, ddof=0) + 0.25 * np.eye(2)
        assert np.isclose(found["log_det_ratio"][seed], np.log(np.linalg.det(wide) / np.linalg.det(data.moments()[1])))


def test_a_model_of_too_few_rows_has_no_volume_and_no_density() -> None:
    found = values(gaussian.Gaussian(), Gaussian(dim=5, rows=4))
    assert (found["det_ratio"] == 0).all()
    assert np.isneginf(found["log_det_ratio"]).all()
    assert np.isposinf(found["nll"]).all()
    assert np.isfinite(found["trace_ratio"]).all()


def test_a_diverged_seed_gives_nan_and_the_others_their_values() -> None:
    data = Gaussian(dim=2, rows=30)
    sound = modelled(gaussian.Gaussian(), data)
    state = {name: array.copy() for name, array in sound.state.items()}
    for array in state.values():
        array[1] = np.nan
    real = Real("points", data.train(SEEDS), data.test())
    rows = data.train(SEEDS)
    broken = measure(EVERY, rows, real, Modelled(gaussian.Gaussian(), state, data, data.test()))
    for name, expected in measure(EVERY, rows, real, sound).items():
        assert np.isnan(broken[name][1]), name
        np.testing.assert_array_equal(broken[name][[0, 2]], expected[[0, 2]])


def test_there_are_no_floors() -> None:
    data = Gaussian(dim=2, rows=30)
    assert floors(EVERY, 30, Real("points", data.train(SEEDS), data.test())) == {}


@pytest.mark.parametrize(
    ("metric", "data", "family", "message"),
    [
        (Nll(), Gaussian(), FlowMatching(), "nll asks the model for its log_prob, which FlowMatching does not have"),
        (TraceRatio(), Digits(), gaussian.Gaussian(), "asks the data set for its moments, which Digits does not have"),
    ],
)
def test_what_a_model_or_the_data_cannot_tell_is_refused(metric, data, family, message) -> None:
    with pytest.raises(InputError, match=message):
        check_metrics([metric], data, family, 100)


def test_what_can_be_told_passes() -> None:
    for family in (gaussian.Gaussian(), kde.Kde("scott")):
        check_metrics(EVERY, Gaussian(), family, 1)
