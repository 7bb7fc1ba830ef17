import numpy as np
from scipy import stats

from raysc.datasets.points.categories import Categories
from raysc.metrics.closed_form.entropy import Entropy
from raysc.models.closed_form.discrete import Discrete
from tests.metrics.closed_form.conftest import FitAndMeasure


def test_it_is_the_entropy_of_the_proportions(fit_and_measure: FitAndMeasure, seeds: tuple[int, ...]) -> None:
    data = Categories(outcomes=12, rows=40)
    values = fit_and_measure(Entropy(), Discrete().for_data(data), data)["entropy"]
    for value, rows in zip(values, data.train(seeds), strict=True):
        assert np.isclose(value, stats.entropy(np.bincount(rows[:, 0], minlength=12) / 40))


def test_it_is_0_where_one_outcome_is_left(fit_and_measure: FitAndMeasure) -> None:
    data = Categories(outcomes=12, rows=1)
    np.testing.assert_array_equal(fit_and_measure(Entropy(), Discrete().for_data(data), data)["entropy"], 0)
