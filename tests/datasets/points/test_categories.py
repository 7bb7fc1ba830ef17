import numpy as np
from scipy import stats

from raysc.datasets.dataset import SupportsProbabilities
from raysc.datasets.points.categories import Categories


def test_all_outcomes_are_equally_likely() -> None:
    data = Categories(outcomes=7, rows=20_000)
    assert isinstance(data, SupportsProbabilities)
    np.testing.assert_allclose(data.probabilities(), np.full(7, 1 / 7))
    for rows in (data.train([3])[0], data.fresh([3], 2, 20_000)[0]):
        assert rows.dtype == np.int32
        assert rows.min() >= 0
        assert stats.chisquare(np.bincount(rows[:, 0], minlength=7)).pvalue > 1e-3


def test_draws_are_those_of_existing_stores() -> None:
    data = Categories(1000, 4)
    np.testing.assert_array_equal(data.train([7])[0, :, 0], [131, 466, 306, 688])
    np.testing.assert_array_equal(data.test()[:4, 0], [710, 300, 32, 965])
