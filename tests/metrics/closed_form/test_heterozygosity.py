import numpy as np

from raysc.datasets.points.categories import Categories
from raysc.metrics.closed_form.heterozygosity import Heterozygosity
from raysc.models.closed_form.discrete import Discrete
from tests.metrics.closed_form.conftest import FitAndMeasure


def test_it_is_one_minus_the_sum_of_the_squared_proportions(
    fit_and_measure: FitAndMeasure, seeds: tuple[int, ...]
) -> None:
    data = Categories(outcomes=12, rows=40)
    values = fit_and_measure(Heterozygosity(), Discrete().for_data(data), data)["heterozygosity"]
    for value, rows in zip(values, data.train(seeds), strict=True):
        proportions = np.bincount(rows[:, 0], minlength=12) / 40
        assert np.isclose(value, 1 - (proportions**2).sum())


def test_it_is_0_where_one_outcome_is_left(fit_and_measure: FitAndMeasure) -> None:
    data = Categories(outcomes=12, rows=1)
    np.testing.assert_array_equal(
        fit_and_measure(Heterozygosity(), Discrete().for_data(data), data)["heterozygosity"], 0
    )
