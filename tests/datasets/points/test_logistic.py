import numpy as np
import pytest
from scipy.special import expit

from raysc.datasets.dataset import SupportsTarget
from raysc.datasets.points.logistic import Logistic
from raysc.errors import InputError


def test_labels_are_one_with_the_probability_of_the_target() -> None:
    data = Logistic(dim=4, rows=40_000, strength=3.0)
    x, y = np.split(data.train([1])[0], [4], axis=1)
    probability = data.target(x)
    np.testing.assert_allclose(probability, expit(x.sum(axis=1) * 1.5))
    for low in (0.0, 0.25, 0.5, 0.75):
        inside = (probability >= low) & (probability < low + 0.25)
        error = y[inside, 0].mean() - probability[inside].mean()
        assert abs(error) < 4 * 0.5 / np.sqrt(inside.sum())
    assert set(np.unique(y)) == {0.0, 1.0}


def test_rows_are_a_prefix_of_more_and_have_no_normal_noise() -> None:
    few, many = (Logistic(dim=2, rows=rows).train([0, 1]) for rows in (5, 9))
    np.testing.assert_array_equal(few, many[:, :5])
    assert not isinstance(Logistic(), SupportsTarget)


def test_a_strength_below_0_is_refused() -> None:
    with pytest.raises(InputError, match="strength must be a number of at least 0, not -1"):
        Logistic(strength=-1)
