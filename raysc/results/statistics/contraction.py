"""Contraction of a loop, and the largest lambda up to which a curve stays below a level."""

from collections.abc import Sequence

import numpy as np

from raysc.results.statistics.censored import CensoredValues
from raysc.results.statistics.intervals import SkewAdjustedInterval


class NoContractionError(Exception):
    """The excess does not change clearly, so that the ratio of its increments is not known."""


def contraction(excess: np.ndarray, level: float) -> np.ndarray:
    """Estimate rho, the ratio of successive increments of the excess: below 1 the loop contracts to a fixed point.

    For e_(t+1) = a + rho e_t from t = s to T it is (e_T - e_(s+1)) / (e_(T-1) - e_s), the ratio of two sums of
    increments. Generation 0 follows no such recursion if the start is worse than the control's retrainings: the control
    shares it, so e_0 is 0 however far the start is from the fixed point.

    The ratio of the means over seeds is estimated, since the ratio of a single seed's sums has no mean. The value of a
    seed is the linear approximation R + (numerator - R denominator) / mean denominator, whose mean over seeds is R.

    Args:
        excess: float64 (seeds, generations), at least two seeds and three generations at equal distances.
        level: confidence level at which the mean denominator must differ from 0.

    Returns:
        float64 (seeds, 1).

    Raises:
        NoContractionError: it does not, or a value is not finite.
    """
    if len(excess) < 2 or not np.isfinite(excess).all():
        raise NoContractionError
    numerator, denominator = excess[:, [-1]] - excess[:, [1]], excess[:, [-2]] - excess[:, [0]]
    if SkewAdjustedInterval(denominator).p_value(0.0)[0] > 1 - level:
        raise NoContractionError
    ratio = numerator.mean() / denominator.mean()
    return np.asarray(ratio + (numerator - ratio * denominator) / denominator.mean())


def first_crossing(curve: Sequence[CensoredValues], positions: Sequence[float], level: float) -> CensoredValues:
    """Return the position at which a curve first reaches a level, by linear interpolation; at 0 the curve is 0.

    Args:
        curve: values of any shape at each position. An infinite value crosses at the position before.
        positions: above 0, ascending.
        level: above 0.

    Returns:
        Positions of the same shape. A curve that stays below the level crosses it beyond the last position.
    """
    low, high = (_crossing([getattr(value, side) for value in curve], positions, level) for side in ("high", "low"))
    return CensoredValues(np.where(np.isinf(low), positions[-1], low), high)


def _crossing(curve: Sequence[np.ndarray], positions: Sequence[float], level: float) -> np.ndarray:
    """Return the positions; infinity for a curve that stays below the level."""
    crossing = np.full(curve[0].shape, np.inf)
    before, start = np.zeros(curve[0].shape), 0.0
    for value, position in zip(curve, positions, strict=True):
        with np.errstate(divide="ignore", invalid="ignore"):
            fraction = np.clip((level - before) / (value - before), 0.0, 1.0)
        reached = (value >= level) & np.isinf(crossing)
        crossing = np.where(reached, start + fraction * (position - start), crossing)
        before, start = np.where(np.isfinite(value), value, 0.0), position
    return crossing
