import numpy as np

from raysc.datasets.points.categories import Categories
from raysc.metrics.closed_form.outcome_proportions import outcome_proportions
from raysc.models.closed_form.discrete import Discrete
from tests.metrics.closed_form.conftest import Fit


def test_outcomes_that_all_seeds_lost_have_proportion_0(fit: Fit, seeds: tuple[int, ...]) -> None:
    data = Categories(outcomes=30, rows=6)
    q, p = outcome_proportions(fit(Discrete().for_data(data), data))
    expected = [np.bincount(rows[:, 0], minlength=30) / 6 for rows in data.train(seeds)]
    np.testing.assert_allclose(q, expected, atol=1e-15)
    assert (q == 0).all(axis=0).any(), "30 outcomes and 18 rows"
    np.testing.assert_array_equal(p, 1 / 30)
