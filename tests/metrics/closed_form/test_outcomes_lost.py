import numpy as np
import pytest

from raysc.datasets.points.categories import Categories
from raysc.metrics.closed_form.outcomes_lost import OutcomesLost
from raysc.models.closed_form.discrete import Discrete
from tests.metrics.closed_form.conftest import FitAndMeasure


@pytest.mark.parametrize("rows", [40, 1])
def test_it_counts_the_outcomes_with_proportion_0(
    rows: int, fit_and_measure: FitAndMeasure, seeds: tuple[int, ...]
) -> None:
    data = Categories(outcomes=12, rows=rows)
    values = fit_and_measure(OutcomesLost(), Discrete().for_data(data), data)["outcomes_lost"]
    expected = [12 - len(np.unique(train)) for train in data.train(seeds)]
    np.testing.assert_array_equal(values, expected)
