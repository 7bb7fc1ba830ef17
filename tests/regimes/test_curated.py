"""Curated samples, compared with the densities of the Plackett-Luce model."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from raysc.errors import InputError
from raysc.regimes.curated import Curated
from raysc.regimes.recipe import REAL, synthetic
from raysc.rng import stream

COUNT = 200_000


def curate(rule: Curated, candidates: np.ndarray) -> np.ndarray:
    indices = rule.pick(candidates, candidates, len(candidates) // rule.choices, stream(0, 0, "choose"))
    rows: np.ndarray = candidates[indices]
    return rows


def normals(rows: int, dim: int = 1) -> np.ndarray:
    return stream(1, 0, "data").standard_normal((rows, dim))


def by_quadrature(reward: np.ndarray, grid: np.ndarray, density: np.ndarray) -> tuple[float, float]:
    """Return mean and variance for K = 2: the density is 2 p(x) E_y [1 / (1 + exp(r(y) - r(x)))]."""
    win_probability = 1 / (1 + np.exp(reward[None, :] - reward[:, None]))
    curated = 2 * density * (win_probability @ density)
    curated /= curated.sum()
    mean = float(curated @ grid)
    return mean, float(curated @ (grid - mean) ** 2)


@pytest.mark.parametrize(("target", "strength"), [(2.0, 1.0), (-1.0, 0.3), (0.0, 4.0)])
def test_mean_and_variance_for_two_choices_are_those_of_bradley_terry(target: float, strength: float) -> None:
    grid = np.linspace(-8, 8, 1601)
    density = np.exp(-np.square(grid) / 2)
    mean, variance = by_quadrature(-strength / 2 * np.square(grid - target), grid, density / density.sum())
    rows = curate(Curated(target, 2, strength), normals(2 * COUNT))[:, 0]
    assert abs(rows.mean() - mean) < 4 * np.sqrt(variance / COUNT)
    spread = np.square(rows - mean)
    assert abs(spread.mean() - variance) < 4 * spread.std() / np.sqrt(COUNT)


def test_for_many_choices_the_precision_grows_by_the_strength() -> None:
    rows = curate(Curated((1.0, -2.0), 400, 0.5), normals(4_000_000, 2))
    error = np.sqrt(1 / 1.5 / len(rows))
    # The bias of the mean is of the order of 1/K.
    np.testing.assert_allclose(rows.mean(axis=0), np.array([1.0, -2.0]) * 0.5 / 1.5, atol=4 * error + 4 / 400)
    np.testing.assert_allclose(rows.var(axis=0), 1 / 1.5, atol=4 * error * np.sqrt(2) + 4 / 400)


def test_with_strength_zero_all_candidates_are_equally_likely() -> None:
    rule = Curated(choices=4, strength=0.0)
    indices = rule.pick(np.zeros((4 * COUNT, 1)), np.zeros((1, 1)), COUNT, stream(0, 0, "choose"))
    assert (indices // 4 == np.arange(COUNT)).all(), "one of each K consecutive candidates"
    shares = np.bincount(indices % 4) / COUNT
    np.testing.assert_allclose(shares, 0.25, atol=4 * np.sqrt(0.25 * 0.75 / COUNT))


def test_rows_that_are_not_finite_are_picked_only_without_an_alternative() -> None:
    candidates = np.array([[np.nan], [1.0], [2.0], [np.nan], [np.nan], [np.nan]] * 50)
    assert np.isfinite(curate(Curated(), candidates)).reshape(50, 3).mean(axis=0).tolist() == [1, 1, 0]


def test_images_of_large_rewards_do_not_overflow() -> None:
    images = np.stack([np.full((3, 8, 8), value, np.uint8) for value in (255, 3, 0, 200)])
    assert Curated(0.0, 2).pick(images, images, 2, stream(0, 0, "choose")).tolist() == [1, 2]


def test_it_takes_the_counts_of_mix_or_replace_among_k_times_the_rows() -> None:
    real, newest = Curated(choices=3).recipe(4, 10, Fraction(3, 2)).takes
    assert (real.source, real.count, newest.source, newest.count, newest.among) == (REAL, 10, synthetic(3), 15, 45)
    (newest,) = Curated(choices=3, real=False).recipe(4, 10, Fraction(1)).takes
    assert (newest.source, newest.count, newest.among) == (synthetic(3), 10, 30)


def test_invalid_parameters_are_refused() -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"choices": 0}, "choices must be at least 1, not 0"),
        ({"strength": -1.0}, "strength must be a number of at least 0, not -1"),
        ({"strength": float("inf")}, "strength must be a number of at least 0, not inf"),
        ({"target": (0.0, float("nan"))}, "target must be finite"),
    ]
    for parameters, problem in cases:
        with pytest.raises(InputError, match=problem):
            Curated(**parameters)
    with pytest.raises(InputError, match=r"regime.target: 3 coordinates, but rows of shape \(2,\)"):
        Curated(target=(1.0, 2.0, 3.0)).check("points", (2,))
    with pytest.raises(InputError, match="rows of text have no distance"):
        Curated().check("text", (16,))
    Curated(target=0.5).check("images", (3, 8, 8))
