from collections.abc import Callable

import numpy as np
import pytest

from raysc.results.profile.growth import growth, late_weights

T = np.arange(41)


def noisy(mean: np.ndarray, noise: float = 0.02, seeds: int = 20) -> np.ndarray:
    draws = np.random.default_rng(1).standard_normal((seeds, len(T)))
    draws[:, 0] = 0
    return np.asarray(mean + noise * draws)


@pytest.mark.parametrize(
    ("curve", "verdict", "shape"),
    [
        (lambda t: 0.05 * t, "holds", "like t"),
        (lambda t: 0.3 * np.log1p(t), "holds", "like log t"),
        (lambda t: 0.001 * t**2, "holds", "faster than t"),
        (lambda t: 1 - 0.7**t, "fails", "levels off"),
        (lambda t: np.cumsum(1 / (t + 1) ** 2) - 1, "fails", "levels off"),  # accumulate: pi^2/6 - 1
        (lambda t: np.sin(np.pi * t / 50), "fails", "levels off"),
        (lambda t: -0.05 * t, "fails", "levels off"),
        (lambda t: 0 * t, "undecided", ""),
    ],
)
def test_planted_curves_are_recognised(curve: Callable[[np.ndarray], np.ndarray], verdict: str, shape: str) -> None:
    judged = growth(noisy(curve(T.astype(float))), T)
    assert judged is not None
    assert (judged.verdict, judged.shape) == (verdict, shape)


def test_the_shape_is_that_of_the_difference_from_the_start() -> None:
    judged = growth(noisy(5 + 0.05 * T), T)
    assert judged is not None
    assert judged.shape == "like t"


def test_seeds_at_infinity_rose_without_bound() -> None:
    curve = noisy(0.05 * T)
    curve[:5, 30:] = np.inf
    judged = growth(curve, T)
    assert judged is not None
    assert judged.verdict == "holds"
    curve[:, 30:] = np.inf
    judged = growth(curve, T)
    assert judged is not None
    assert (judged.verdict, judged.shape) == ("holds", "faster than t")


def test_an_unknown_value_leaves_it_undecided() -> None:
    curve = noisy(0.05 * T)
    curve[0, 40] = np.nan
    judged = growth(curve, T)
    assert judged is not None
    assert judged.verdict == "undecided"


def test_three_generations_are_too_few() -> None:
    assert growth(noisy(0.05 * T)[:, :4], T[:4]) is None
    assert growth(noisy(0.05 * T)[:, :5], T[:5]) is not None


def test_the_late_weights_give_the_slope_of_the_last_half() -> None:
    values = np.where(T < 20, 7.0, 3.0 * T)
    assert late_weights(T.astype(float)) @ values == pytest.approx(3)
