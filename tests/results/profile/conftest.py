"""Planted curves: noise around a known mean, beside a flat baseline."""

from collections.abc import Callable

import numpy as np
import pytest

from raysc.metrics.core.metric import Column
from raysc.results.profile.curves import PairedCurves

RISK = Column("risk", "lower", "log", "none", aspect="risk")
GENERATIONS = np.arange(41)

Plant = Callable[..., PairedCurves]


def plant_curves(mean: np.ndarray, column: Column = RISK, noise: float = 0.02, seeds: int = 20) -> PairedCurves:
    draws = np.random.default_rng(4).standard_normal((2, seeds, len(GENERATIONS)))
    values, baseline = mean * np.exp(noise * draws[0]), np.exp(noise * draws[1])
    values[:, 0] = baseline[:, 0]
    return PairedCurves(column, GENERATIONS, values, baseline, np.zeros(values.shape, bool), "control")


@pytest.fixture
def plant() -> Plant:
    """Function that makes curves of seeds: a mean of each generation times log-normal noise, beside a baseline of 1."""
    return plant_curves
