import numpy as np
import pytest

from raysc.datasets.points.categories import Categories
from raysc.errors import InputError
from raysc.metrics.closed_form.rare_outcome_survival import RareOutcomeSurvival
from raysc.models.closed_form.discrete import Discrete
from tests.metrics.closed_form.conftest import FitAndMeasure


def test_it_is_the_share_of_rare_outcomes_that_are_left(fit_and_measure: FitAndMeasure, seeds: tuple[int, ...]) -> None:
    data = Categories(outcomes=40, rows=40)
    values = fit_and_measure(RareOutcomeSurvival(), Discrete().for_data(data), data)["rare_outcome_survival"]
    expected = [len({0, 1, 2, 3} & set(rows[:, 0].tolist())) / 4 for rows in data.train(seeds)]
    np.testing.assert_array_equal(values, expected)
    assert 0 < values.mean() < 1


def test_the_mass_is_in_the_name_and_is_a_probability() -> None:
    assert [metric.columns[0].name for metric in (RareOutcomeSurvival(), RareOutcomeSurvival(0.5))] == [
        "rare_outcome_survival",
        "rare_outcome_survival[mass=0.5]",
    ]
    with pytest.raises(InputError, match="mass must be between 0 and 1, not 1"):
        RareOutcomeSurvival(1.0)
