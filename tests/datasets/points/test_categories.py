import numpy as np
import pytest
from scipy import stats

from raysc.datasets.dataset import SupportsProbabilities
from raysc.datasets.points.categories import Categories
from raysc.errors import InputError


def test_all_outcomes_are_equally_likely() -> None:
    data = Categories(outcomes=7, rows=20_000)
    assert isinstance(data, SupportsProbabilities)
    np.testing.assert_allclose(data.probabilities(), np.full(7, 1 / 7))
    for rows in (data.train([3])[0], data.fresh([3], 2, 20_000)[0]):
        assert rows.dtype == np.int32
        assert rows.min() >= 0
        assert stats.chisquare(np.bincount(rows[:, 0], minlength=7)).pvalue > 1e-3


def test_outcomes_have_their_proportions() -> None:
    data = Categories(proportions=(1, 5, 2), rows=20_000)
    np.testing.assert_allclose(data.probabilities(), [0.125, 0.625, 0.25])
    counts = np.bincount(data.train([3])[0, :, 0], minlength=3)
    assert stats.chisquare(counts, 20_000 * data.probabilities()).pvalue > 1e-3


@pytest.mark.parametrize("proportions", [(), (0.5, 0.0), (1.0, float("nan"))])
def test_proportions_are_positive_numbers(proportions: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="proportions must be positive numbers"):
        Categories(proportions=proportions)


def test_proportions_and_outcomes_exclude_each_other() -> None:
    with pytest.raises(InputError, match="leave out outcomes"):
        Categories(outcomes=2, proportions=(1, 2))


def test_draws_are_those_of_existing_stores() -> None:
    data = Categories(1000, 4)
    np.testing.assert_array_equal(data.train([7])[0, :, 0], [131, 466, 306, 688])
    np.testing.assert_array_equal(data.test()[:4, 0], [710, 300, 32, 965])
