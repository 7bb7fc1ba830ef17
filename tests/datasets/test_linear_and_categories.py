"""The data of the regression and of the discrete results."""

import numpy as np
import pytest
from scipy import stats

from raysc.datasets.categories import Categories
from raysc.datasets.dataset import Distribution, KnownMoments, WithOutcomes, WithTarget
from raysc.datasets.linear import Linear
from raysc.errors import InputError

BOTH = [Linear(dim=3, rows=40, noise=0.5), Categories(outcomes=7, rows=40)]
both = pytest.mark.parametrize("dataset", BOTH, ids=lambda dataset: type(dataset).__name__)


@both
def test_shapes_packs_and_prefixes(dataset):
    assert isinstance(dataset, Distribution)
    assert dataset.train([0, 4]).shape == (2, dataset.count, *dataset.event)
    assert dataset.fresh([0, 4], 3, 7).shape == (2, 7, *dataset.event)
    assert dataset.test().shape == (1000, *dataset.event)
    assert dataset.train([0]).dtype == dataset.test().dtype == dataset.fresh([0], 1, 2).dtype
    np.testing.assert_array_equal(dataset.train([9, 2])[1], dataset.train([2])[0])
    np.testing.assert_array_equal(dataset.fresh([9, 2], 4, 11)[1], dataset.fresh([2], 4, 30)[0, :11])
    assert not np.array_equal(dataset.fresh([2], 4, 40), dataset.fresh([2], 5, 40))
    assert not np.array_equal(dataset.fresh([2], 0, 40), dataset.train([2]))


def test_a_linear_target_has_the_noise_that_is_asked_for():
    data = Linear(dim=4, rows=50_000, noise=0.3)
    assert isinstance(data, WithTarget)
    for rows in (data.train([1])[0], data.fresh([1], 1, 50_000)[0]):
        x, y = rows[:, :-1], rows[:, -1]
        np.testing.assert_allclose(data.target(x), x @ np.ones(4))
        assert stats.kstest((y - data.target(x)) / 0.3, "norm").pvalue > 1e-3
        np.testing.assert_allclose(np.linalg.lstsq(x, y, rcond=None)[0], np.ones(4), atol=4 * 0.3 / np.sqrt(50_000))
        assert isinstance(data, KnownMoments)
        np.testing.assert_allclose(np.cov(rows.T), data.moments()[1], atol=0.06)


def test_held_out_x_measure_a_linear_error_exactly():
    for data in (Linear(dim=1), Linear(dim=100, noise=3.0), Linear(dim=1200)):
        x = data.test()[:, :-1]
        np.testing.assert_allclose(x.T @ x / len(x), np.eye(data.dim), atol=1e-12)
    rows = Linear(dim=5, noise=0.5).test()
    assert stats.kstest(rows[:, :-1].ravel(), "norm").pvalue > 1e-3
    assert stats.kstest((rows[:, -1] - rows[:, :-1].sum(axis=1)) / 0.5, "norm").pvalue > 1e-3


def test_all_outcomes_are_equally_likely():
    data = Categories(outcomes=7, rows=20_000)
    assert isinstance(data, WithOutcomes)
    np.testing.assert_allclose(data.probabilities(), np.full(7, 1 / 7))
    for rows in (data.train([3])[0], data.fresh([3], 2, 20_000)[0]):
        assert rows.dtype == np.int32
        assert rows.min() >= 0
        assert stats.chisquare(np.bincount(rows[:, 0], minlength=7)).pvalue > 1e-3


def test_draws_are_the_ones_that_every_store_was_made_with():
    linear, categories = Linear(2, 3, 0.5), Categories(1000, 4)
    np.testing.assert_allclose(linear.train([7])[0, 0], [-1.94786664, 1.81065805, -0.42665971], atol=1e-8)
    np.testing.assert_allclose(linear.test()[0], [-0.62096302, -0.9307102, -1.49726508], atol=1e-8)
    np.testing.assert_array_equal(categories.train([7])[0, :, 0], [131, 466, 306, 688])
    np.testing.assert_array_equal(categories.test()[:4, 0], [710, 300, 32, 965])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Linear(dim=0), "linear: dim must be at least 1, not 0"),
        (lambda: Linear(rows=0), "linear: rows must be at least 1, not 0"),
        (lambda: Linear(noise=-1.0), "linear: noise must be a number of at least 0"),
        (lambda: Categories(outcomes=0), "categories: outcomes must be at least 1, not 0"),
        (lambda: Categories(rows=0), "categories: rows must be at least 1, not 0"),
    ],
)
def test_impossible_parameters_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
