import numpy as np

from raysc.datasets.points.categories import Categories
from raysc.metrics.closed_form.l2_error import L2Error
from raysc.metrics.core.metric import FittedModels
from raysc.models.closed_form.discrete import Discrete
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from tests.metrics.closed_form.conftest import FitAndMeasure


def test_it_is_the_sum_of_the_squared_differences(fit_and_measure: FitAndMeasure, seeds: tuple[int, ...]) -> None:
    data = Categories(outcomes=12, rows=40)
    values = fit_and_measure(L2Error(), Discrete().for_data(data), data)["l2_error"]
    for value, rows in zip(values, data.train(seeds), strict=True):
        assert np.isclose(value, np.square(np.bincount(rows[:, 0], minlength=12) / 40 - 1 / 12).sum())


def test_its_mean_over_data_sets_is_the_expected_loss() -> None:
    data = Categories(outcomes=10, rows=50)
    family = Discrete().for_data(data)
    rows = Rows(REAL, (MemoryBlock("real", 0, data.train(range(4000))),))
    state = family.fit(TrainingSet((rows,)), Streams(tuple(range(4000)), 0))
    values = L2Error().measure(FittedModels(family, state, data, data.test()))["l2_error"]
    assert np.isclose(values.mean(), (1 - 0.1) / 50, rtol=0.05)
