"""What holds for every distribution, then each one's own shape."""

import numpy as np
import pytest
from scipy import stats

from raysc.datasets.blobs import Blobs
from raysc.datasets.circles import Circles
from raysc.datasets.dataset import DataSet, Distribution, KnownMoments
from raysc.datasets.eight_gaussians import EightGaussians
from raysc.datasets.gaussian import Gaussian
from raysc.datasets.moons import Moons
from raysc.datasets.swiss_roll import SwissRoll
from raysc.errors import InputError

SHAPES = [Blobs(rows=40), Circles(rows=40), Moons(rows=40), SwissRoll(rows=40)]
SMALL = [Gaussian(dim=3, rows=40), EightGaussians(rows=40), *SHAPES]
both = pytest.mark.parametrize("dataset", SMALL, ids=lambda dataset: type(dataset).__name__)
shapes = pytest.mark.parametrize("dataset", SHAPES, ids=lambda dataset: type(dataset).__name__)


@both
def test_shapes_and_counts_agree(dataset: DataSet):
    assert isinstance(dataset, Distribution)
    assert dataset.train([0, 4]).shape == (2, dataset.count, *dataset.event)
    assert dataset.fresh([0, 4], 3, 7).shape == (2, 7, *dataset.event)
    assert dataset.test().shape == (500 if dataset in SHAPES else 1000, *dataset.event)
    assert dataset.train([0]).dtype == dataset.test().dtype == dataset.fresh([0], 1, 2).dtype


@both
def test_a_seeds_rows_do_not_depend_on_the_pack(dataset: DataSet):
    np.testing.assert_array_equal(dataset.train([9, 2])[1], dataset.train([2])[0])
    np.testing.assert_array_equal(dataset.fresh([9, 2], 4, 11)[1], dataset.fresh([2], 4, 11)[0])


@both
def test_all_draws_are_new_rows(dataset: DataSet):
    draws = [*dataset.train([0, 1]), dataset.test(), *dataset.fresh([0, 1], 1, 40), *dataset.fresh([0, 1], 2, 40)]
    rows = np.concatenate(draws)
    assert len(np.unique(rows, axis=0)) == len(rows)


def test_fewer_rows_are_a_prefix_of_more():
    np.testing.assert_array_equal(Gaussian(2, 10).train([1])[0], Gaussian(2, 30).train([1])[0, :10])
    np.testing.assert_array_equal(EightGaussians(10).train([1])[0], EightGaussians(30).train([1])[0, :10])


def test_gaussian_rows_are_standard_normal_and_independent():
    rows = Gaussian(dim=4, rows=5000).train([0])[0]
    assert rows.dtype == np.float64
    assert stats.kstest(rows.ravel(), "norm").pvalue > 1e-3
    np.testing.assert_allclose(np.cov(rows.T), np.eye(4), atol=0.08)


def test_eight_gaussians_visits_every_mode_alike_with_the_noise_it_was_given():
    rows = EightGaussians(rows=8000, noise=0.2).train([0])[0].astype(np.float64)
    assert EightGaussians().train([0]).dtype == np.float32
    modes = np.rint(np.arctan2(rows[:, 1], rows[:, 0]) / (np.pi / 4)).astype(int) % 8
    assert stats.chisquare(np.bincount(modes, minlength=8)).pvalue > 1e-3
    centres = 4 * np.stack([np.cos(modes * np.pi / 4), np.sin(modes * np.pi / 4)], axis=1)
    assert stats.kstest(((rows - centres) / 0.2).ravel(), "norm").pvalue > 1e-3


def test_draws_are_the_ones_that_every_store_was_made_with():
    gaussian, ring = Gaussian(3, 5), EightGaussians(5)
    np.testing.assert_allclose(gaussian.train([7])[0, 0], [-0.06013765, -0.68834809, 0.78777224], atol=1e-8)
    np.testing.assert_allclose(gaussian.test()[0], [0.6187753, -0.95463685, -0.29546243], atol=1e-8)
    np.testing.assert_allclose(gaussian.fresh([7], 2, 5)[0, 0], [2.17011774, -0.4435195, -0.57236678], atol=1e-8)
    np.testing.assert_allclose(ring.train([7])[0, 0], [2.538976, 3.1145096], atol=1e-6)
    np.testing.assert_allclose(ring.test()[0], [3.9897048, 0.51530904], atol=1e-6)
    np.testing.assert_allclose(ring.fresh([7], 2, 5)[0, 0], [0.32452086, -2.579364], atol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Gaussian(dim=0), "gaussian: dim must be at least 1, not 0"),
        (lambda: Gaussian(rows=-1), "gaussian: rows must be at least 1, not -1"),
        (lambda: Blobs(rows=0), "blobs: rows must be at least 1, not 0"),
        (lambda: SwissRoll(noise=-0.1), "swiss_roll: noise must be a number of at least 0"),
        (lambda: EightGaussians(rows=0), "eight_gaussians: rows must be at least 1"),
        (lambda: EightGaussians(noise=0.0), "eight_gaussians: noise must be a positive number"),
        (lambda: EightGaussians(noise=float("nan")), "eight_gaussians: noise must be a positive number"),
    ],
)
def test_impossible_parameters_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


@both
def test_rows_have_the_moments_that_are_known(dataset: DataSet):
    assert isinstance(dataset, KnownMoments)
    rows = dataset.fresh([0], 1, 200_000)[0].astype(np.float64)
    mean, covariance = dataset.moments()
    scale = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(rows.mean(axis=0) / scale, mean / scale, atol=0.012)
    np.testing.assert_allclose(np.cov(rows.T) / np.outer(scale, scale), covariance / np.outer(scale, scale), atol=0.02)


@shapes
def test_shapes_are_float64_and_fewer_rows_are_a_prefix_of_more(dataset: DataSet):
    assert dataset.train([0]).dtype == np.float64
    np.testing.assert_array_equal(type(dataset)(rows=7).train([5])[0], dataset.train([5])[0, :7])


def test_train_and_test_rows_of_blobs_share_their_centres_whatever_the_seed_and_the_rows():
    centres = np.unique(Blobs(rows=50, noise=0.0).train([0])[0], axis=0)
    assert centres.shape == (3, 2)
    assert (np.abs(centres) <= 10).all()
    for rows in (Blobs(rows=80, noise=0.0).train([9])[0], Blobs(noise=0.0).test()):
        np.testing.assert_array_equal(np.unique(rows, axis=0), centres)
    distances = np.linalg.norm(Blobs().test()[:, None] - centres, axis=2).min(axis=1)
    assert 0.9 < np.sqrt(np.mean(distances**2) / 2) < 1.1, "unit width around the same centres"


def test_circles_have_the_radii_and_moons_the_arcs_of_scikit_learn():
    radii = np.linalg.norm(Circles(rows=300, noise=0.0).train([0])[0], axis=1)
    np.testing.assert_allclose(np.unique(radii.round(9)), [0.8, 1.0])
    rows = Moons(rows=300, noise=0.0).train([0])[0]
    upper = np.isclose(np.linalg.norm(rows, axis=1), 1) & (rows[:, 1] >= 0)
    lower = np.isclose(np.linalg.norm(rows - [1, 0.5], axis=1), 1) & (rows[:, 1] <= 0.5)
    assert (upper | lower).all()
    assert 100 < upper.sum() < 200


def test_the_swiss_roll_is_a_rolled_up_sheet():
    rows = SwissRoll(rows=400, noise=0.0).train([0])[0]
    angle = np.hypot(rows[:, 0], rows[:, 2])
    np.testing.assert_allclose(rows[:, 0], angle * np.cos(angle), atol=1e-9)
    assert stats.kstest(angle, stats.uniform(1.5 * np.pi, 3 * np.pi).cdf).pvalue > 1e-3
    assert stats.kstest(rows[:, 1], stats.uniform(0, 21).cdf).pvalue > 1e-3
