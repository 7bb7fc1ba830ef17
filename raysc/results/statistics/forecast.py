"""Forecasts of the last value of a curve from its first ones, with intervals, calibrated on finished curves.

A forecast is never a result. It serves to run first what is least decided.

The last value is regressed on the first ones over the finished curves, and the interval has the half width of a
quantile of the absolute leave-one-out residuals: the jackknife of Barber et al. 2021, "Predictive inference with the
jackknife+". It holds the last value of a curve that is exchangeable with the finished ones with about the nominal
probability, whatever the curves look like; ``benchmarks/forecast.py`` measures it.
"""

from dataclasses import dataclass
from math import ceil

import numpy as np

LEVEL = 0.95
"""Nominal probability that an interval holds the last value."""
MIN_FINISHED = ceil(LEVEL / (1 - LEVEL)) + 1
"""Least number of finished curves: of fewer, no residual is a quantile of this level."""


@dataclass(frozen=True)
class Forecast:
    """Forecasts of the last values of some curves.

    Attributes:
        value: float64 (curves,).
        half_width: of the interval around each value, the same for all of them.
    """

    value: np.ndarray
    half_width: float


def forecast_last(finished: np.ndarray, started: np.ndarray) -> Forecast | None:
    """Forecast the last value of curves that have only begun.

    Args:
        finished: whole curves, float64 (finished, generations); those with a value that is not finite are left out.
        started: the first values of others, float64 (curves, k), 1 <= k < generations; finite.

    Returns:
        The forecasts; None for fewer than ``MIN_FINISHED`` finished curves.
    """
    finished = finished[np.isfinite(finished).all(axis=1)]
    if len(finished) < MIN_FINISHED:
        return None
    count = started.shape[1]
    features = _features(finished[:, :count])
    inverse = np.linalg.pinv(features)
    coefficients = inverse @ finished[:, -1]
    leverage = np.minimum((features * inverse.T).sum(axis=1), 1 - 1e-9)
    residuals = np.sort(np.abs((finished[:, -1] - features @ coefficients) / (1 - leverage)))
    rank = ceil(LEVEL * (len(finished) + 1))
    return Forecast(_features(started) @ coefficients, float(residuals[rank - 1]))


def _features(curves: np.ndarray) -> np.ndarray:
    """Return 1, the newest value, the change since the middle and the mean of each curve, float64 (curves, 4)."""
    newest = curves[:, -1]
    change = newest - curves[:, curves.shape[1] // 2]
    return np.column_stack([np.ones(len(curves)), newest, change, curves.mean(axis=1)])
