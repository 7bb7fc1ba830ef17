"""Properties of every distribution."""

from collections.abc import Callable

import numpy as np
import pytest

from raysc.datasets.dataset import SupportsFreshRows, SupportsMoments
from raysc.datasets.points.blobs import Blobs
from raysc.datasets.points.categories import Categories
from raysc.datasets.points.circles import Circles
from raysc.datasets.points.eight_gaussians import EightGaussians
from raysc.datasets.points.gaussian import Gaussian
from raysc.datasets.points.linear import Linear
from raysc.datasets.points.moons import Moons
from raysc.datasets.points.swiss_roll import SwissRoll
from raysc.datasets.seeded_distribution import SeededDistribution
from raysc.datasets.text.stories import Stories
from raysc.errors import InputError

POINTS: list[SeededDistribution] = [
    Gaussian(dim=3, rows=40),
    EightGaussians(rows=40),
    Linear(dim=3, rows=40, noise=0.5),
    Blobs(rows=40),
    Circles(rows=40),
    Moons(rows=40),
    SwissRoll(rows=40),
]
points = pytest.mark.parametrize("dataset", POINTS, ids=lambda dataset: type(dataset).__name__)
every = pytest.mark.parametrize(
    "dataset", [*POINTS, Categories(outcomes=7, rows=40), Stories(rows=40)], ids=lambda dataset: type(dataset).__name__
)


@every
def test_rows_have_the_declared_shapes_and_one_dtype(dataset: SeededDistribution) -> None:
    assert isinstance(dataset, SupportsFreshRows)
    event = dataset.test().shape[1:]
    assert dataset.train([0, 4]).shape == (2, dataset.count, *event)
    assert dataset.fresh([0, 4], 3, 7).shape == (2, 7, *event)
    assert dataset.test().shape == (dataset.test_rows, *event)
    assert dataset.train([0]).dtype == dataset.test().dtype == dataset.fresh([0], 1, 2).dtype


@every
def test_a_seeds_rows_do_not_depend_on_the_pack_and_fewer_are_a_prefix(dataset: SeededDistribution) -> None:
    np.testing.assert_array_equal(dataset.train([9, 2])[1], dataset.train([2])[0])
    np.testing.assert_array_equal(dataset.fresh([9, 2], 4, 11)[1], dataset.fresh([2], 4, 30)[0, :11])
    np.testing.assert_array_equal(dataset.draw([5], 0, "train", 7)[0], dataset.train([5])[0, :7])


@every
def test_generations_and_purposes_are_different_draws(dataset: SeededDistribution) -> None:
    assert not np.array_equal(dataset.fresh([2], 4, 40), dataset.fresh([2], 5, 40))
    assert not np.array_equal(dataset.fresh([2], 0, 40), dataset.train([2]))


@points
def test_all_draws_are_distinct_rows(dataset: SeededDistribution) -> None:
    draws = [*dataset.train([0, 1]), dataset.test(), *dataset.fresh([0, 1], 1, 40), *dataset.fresh([0, 1], 2, 40)]
    rows = np.concatenate(draws)
    assert len(np.unique(rows, axis=0)) == len(rows)


@points
def test_rows_have_the_known_moments(dataset: SeededDistribution) -> None:
    assert isinstance(dataset, SupportsMoments)
    rows = dataset.fresh([0], 1, 200_000)[0].astype(np.float64)
    mean, covariance = dataset.moments()
    scale = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(rows.mean(axis=0) / scale, mean / scale, atol=0.012)
    np.testing.assert_allclose(np.cov(rows.T) / np.outer(scale, scale), covariance / np.outer(scale, scale), atol=0.02)


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
        (lambda: Linear(dim=0), "linear: dim must be at least 1, not 0"),
        (lambda: Linear(rows=0), "linear: rows must be at least 1, not 0"),
        (lambda: Linear(noise=-1.0), "linear: noise must be a number of at least 0"),
        (lambda: Categories(outcomes=0), "categories: outcomes must be at least 1, not 0"),
        (lambda: Categories(rows=0), "categories: rows must be at least 1, not 0"),
        (lambda: Stories(rows=0), "stories: rows must be at least 1, not 0"),
    ],
)
def test_parameters_out_of_their_range_are_refused(make: Callable[[], SeededDistribution], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()
