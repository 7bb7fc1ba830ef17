"""Metrics of regressions and of discrete distributions against their definitions."""

import numpy as np
import pytest
from scipy import stats

from raysc.datasets.categories import Categories
from raysc.datasets.gaussian import Gaussian
from raysc.datasets.linear import Linear
from raysc.errors import InputError
from raysc.metrics.closed_form import test_error
from raysc.metrics.closed_form.entropy import Entropy
from raysc.metrics.closed_form.heterozygosity import Heterozygosity
from raysc.metrics.closed_form.nll import Nll
from raysc.metrics.closed_form.outcomes_lost import OutcomesLost
from raysc.metrics.core.check import check_metrics
from raysc.metrics.core.measure import Real, measure
from raysc.metrics.core.metric import Modelled, ModelMetric
from raysc.models.closed_form import gaussian
from raysc.models.closed_form.discrete import Discrete
from raysc.models.closed_form.linear_regression import LinearRegression
from raysc.pool.rows import MemoryBlock, Rows, TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams

OF_OUTCOMES = [Entropy(), Heterozygosity(), OutcomesLost(), Nll()]
OF_A_TARGET = [test_error.TestError(), Nll()]
SEEDS = (0, 1, 2)


def values(metrics, family, data) -> dict[str, np.ndarray]:
    train, test = data.train(SEEDS), data.test().astype(np.float64)
    state = family.fit(TrainingSet((Rows(REAL, (MemoryBlock("real", 0, train),)),)), Streams(SEEDS, 0))
    return measure(metrics, None, Real("points", train, test), Modelled(family, state, data, test))


def test_the_numbers_of_a_discrete_distribution_are_those_of_its_proportions() -> None:
    data = Categories(outcomes=12, rows=40)
    found = values(OF_OUTCOMES, Discrete().for_data(data), data)
    for seed, rows in enumerate(data.train(SEEDS)):
        shares = np.bincount(rows[:, 0], minlength=12) / 40
        assert np.isclose(found["entropy"][seed], stats.entropy(shares))
        assert np.isclose(found["heterozygosity"][seed], 1 - (shares**2).sum())
        assert found["outcomes_lost"][seed] == (shares == 0).sum()
        with np.errstate(divide="ignore"):
            assert np.isclose(found["nll"][seed], -np.log(shares)[data.test()[:, 0]].mean())


def test_where_one_outcome_is_left_there_is_nothing_more_to_lose() -> None:
    data = Categories(outcomes=12, rows=1)
    found = values(OF_OUTCOMES[:3], Discrete().for_data(data), data)
    np.testing.assert_array_equal(found["entropy"], 0)
    np.testing.assert_array_equal(found["heterozygosity"], 0)
    np.testing.assert_array_equal(found["outcomes_lost"], 11)


def test_the_error_of_a_regression_is_the_squared_distance_of_its_weights() -> None:
    data = Linear(dim=3, rows=20, noise=2.0)
    found = values(OF_A_TARGET, LinearRegression().for_data(data), data)
    x, y = data.test()[:, :-1], data.test()[:, -1]
    for seed, rows in enumerate(data.train(SEEDS)):
        weights = np.linalg.lstsq(rows[:, :-1], rows[:, -1], rcond=None)[0]
        assert np.isclose(found["test_error"][seed], np.square(x @ (weights - 1)).mean())
        assert np.isclose(found["test_error"][seed], np.square(weights - 1).sum()), "held-out x are as good as all x"
        assert np.isclose(found["nll"][seed], -stats.norm(x @ weights, 2.0).logpdf(y).mean())


def test_they_are_metrics_of_models_and_go_with_their_own_families_alone() -> None:
    assert all(isinstance(metric, ModelMetric) for metric in [*OF_OUTCOMES, *OF_A_TARGET])
    check_metrics(OF_OUTCOMES, Categories(), Discrete(), 1)
    check_metrics(OF_A_TARGET, Linear(), LinearRegression(), 1)
    with pytest.raises(InputError, match="entropy asks the model for its proportions, which Gaussian does not have"):
        check_metrics([Entropy()], Gaussian(), gaussian.Gaussian(), 1)
    with pytest.raises(InputError, match="test_error asks the data set for its target, which Gaussian does not have"):
        check_metrics([test_error.TestError()], Gaussian(), LinearRegression(), 1)
