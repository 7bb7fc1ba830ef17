"""Shapes of the toy distributions."""

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import make_circles, make_moons

from raysc.datasets.points.blobs import Blobs
from raysc.datasets.points.circles import Circles
from raysc.datasets.points.moons import Moons
from raysc.datasets.points.swiss_roll import SwissRoll
from raysc.datasets.points.toy_distribution import ToyDistribution


@pytest.mark.parametrize("cls", [Blobs, Circles, Moons, SwissRoll])
def test_rows_are_float64_and_noise_is_added_to_the_shape(cls: type[ToyDistribution]) -> None:
    exact, noisy = (cls(rows=500, noise=noise).train([0])[0] for noise in (0.0, 0.1))
    assert exact.dtype == np.float64
    assert stats.kstest(((noisy - exact) / 0.1).ravel(), "norm").pvalue > 1e-3


def test_train_and_test_rows_of_blobs_share_their_centres_for_every_seed_and_number_of_rows() -> None:
    centres = np.unique(Blobs(rows=50, noise=0.0).train([0])[0], axis=0)
    assert centres.shape == (3, 2)
    assert (np.abs(centres) <= 10).all()
    for rows in (Blobs(rows=80, noise=0.0).train([9])[0], Blobs(noise=0.0).test()):
        np.testing.assert_array_equal(np.unique(rows, axis=0), centres)
    distances = np.linalg.norm(Blobs().test()[:, None] - centres, axis=2).min(axis=1)
    assert 0.9 < np.sqrt(np.mean(distances**2) / 2) < 1.1, "unit standard deviation around the same centres"


def test_circles_have_the_radii_of_scikit_learn() -> None:
    radii = np.linalg.norm(Circles(rows=300, noise=0.0).train([0])[0], axis=1)
    np.testing.assert_allclose(np.unique(radii.round(9)), [0.8, 1.0])


def test_moons_have_the_arcs_of_scikit_learn() -> None:
    rows = Moons(rows=300, noise=0.0).train([0])[0]
    upper = np.isclose(np.linalg.norm(rows, axis=1), 1) & (rows[:, 1] >= 0)
    lower = np.isclose(np.linalg.norm(rows - [1, 0.5], axis=1), 1) & (rows[:, 1] <= 0.5)
    assert (upper | lower).all()
    assert 100 < upper.sum() < 200


def test_even_angles_are_those_of_scikit_learn_in_random_order() -> None:
    for rows in (9, 10):
        moons = Moons(rows=rows, noise=0.0, angles="even").train([0, 1])
        circles = Circles(rows=rows, noise=0.0, angles="even").train([0, 1])
        for drawn, expected in ((moons, make_moons(rows)[0]), (circles, make_circles(rows, factor=0.8)[0])):
            assert not np.array_equal(*drawn)
            for seed in drawn:
                distances = np.linalg.norm(seed[:, None] - expected, axis=2)
                assert distances.min(axis=1).max() < 1e-12
                assert distances.min(axis=0).max() < 1e-12


def test_default_angles_are_random_and_draws_are_those_of_existing_stores() -> None:
    assert Moons() == Moons(angles="random")
    np.testing.assert_allclose(Moons(3).train([7])[0, 0], [0.96504250, 0.13810088], atol=1e-8)
    np.testing.assert_allclose(Circles(3).train([7])[0, 0], [0.94707762, 0.24627689], atol=1e-8)


def test_the_swiss_roll_is_a_rolled_up_sheet() -> None:
    rows = SwissRoll(rows=400, noise=0.0).train([0])[0]
    angle = np.hypot(rows[:, 0], rows[:, 2])
    np.testing.assert_allclose(rows[:, 0], angle * np.cos(angle), atol=1e-9)
    assert stats.kstest(angle, stats.uniform(1.5 * np.pi, 3 * np.pi).cdf).pvalue > 1e-3
    assert stats.kstest(rows[:, 1], stats.uniform(0, 21).cdf).pvalue > 1e-3
