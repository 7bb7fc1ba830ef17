"""Exponents of power laws with intervals over seeds."""

import numpy as np
import pandas as pd
import pytest

from raysc.results.scaling.exponents import exponent


@pytest.mark.parametrize("power", [-1.0, 0.5])
def test_an_exact_power_has_its_exponent(power: float) -> None:
    x = [10, 30, 100]
    law = exponent(pd.DataFrame(np.arange(1.0, 6.0)[:, None] * np.array(x) ** power, columns=x))
    assert law is not None
    assert law.points == 3
    assert law.value == pytest.approx(power)
    assert law.interval == pytest.approx((power, power))


def test_the_interval_holds_the_exponent_of_noisy_means_in_about_95_of_100_samples() -> None:
    rng, x = np.random.default_rng(0), np.array([10.0, 20.0, 40.0, 80.0])
    held = 0
    for _ in range(300):
        shared = rng.gamma(2.0, size=(20, 1))  # of a seed at all x
        law = exponent(pd.DataFrame((shared + rng.normal(size=(20, 4))) / x, columns=x))
        assert law is not None
        held += law.interval[0] <= -1 <= law.interval[1]
    assert 0.90 <= held / 300 <= 0.99


@pytest.mark.parametrize(
    ("values", "x"),
    [
        ([[1.0], [1.0], [1.0]], [5]),
        ([[1.0, 2.0], [1.0, 2.0]], [5, 6]),
        ([[1.0, -9.0], [1.0, 2.0], [1.0, 2.0]], [5, 6]),
        ([[1.0, np.nan], [1.0, 2.0], [1.0, 2.0]], [5, 6]),
    ],
)
def test_without_logarithms_points_or_seeds_there_is_no_exponent(values: list[list[float]], x: list[int]) -> None:
    assert exponent(pd.DataFrame(values, columns=x)) is None
