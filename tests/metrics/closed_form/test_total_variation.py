import numpy as np

from raysc.datasets.points.categories import Categories
from raysc.metrics.closed_form.total_variation import TotalVariation
from raysc.models.closed_form.discrete import Discrete
from tests.metrics.closed_form.conftest import FitAndMeasure


def test_it_is_half_the_sum_of_the_differences(fit_and_measure: FitAndMeasure, seeds: tuple[int, ...]) -> None:
    data = Categories(outcomes=12, rows=40)
    values = fit_and_measure(TotalVariation(), Discrete().for_data(data), data)["total_variation"]
    for value, rows in zip(values, data.train(seeds), strict=True):
        assert np.isclose(value, np.abs(np.bincount(rows[:, 0], minlength=12) / 40 - 1 / 12).sum() / 2)


def test_a_single_outcome_of_k_is_1_less_1_over_k(fit_and_measure: FitAndMeasure) -> None:
    data = Categories(outcomes=5, rows=1)
    np.testing.assert_allclose(
        fit_and_measure(TotalVariation(), Discrete().for_data(data), data)["total_variation"], 0.8
    )
