"""Interval-censored values: values of which only bounds are known.

The damage of a seed whose model diverged has no upper bound, and a metric that never crossed a level crosses it after
the last generation. The mean of the other seeds alone would be biased. So each value is a lower and an upper bound,
equal if the value is known, and arithmetic keeps both valid.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class CensoredValues:
    """Values that lie between ``low`` and ``high``.

    Attributes:
        low: float64, any shape; minus infinity without a lower bound.
        high: float64, same shape; infinity without an upper bound.
    """

    low: np.ndarray
    high: np.ndarray

    def __sub__(self, other: "CensoredValues") -> "CensoredValues":
        return _sum(self, CensoredValues(-other.high, -other.low))

    def take(self, seeds: np.ndarray) -> "CensoredValues":
        """Return the values of some seeds (a mask or indices of the leading axis)."""
        return CensoredValues(self.low[seeds], self.high[seeds])


def censor(values: np.ndarray) -> CensoredValues:
    """Return values with the infinite ones censored at the furthest finite value of their column.

    Args:
        values: float64 (seeds, columns): a column is one cell at one generation. A column without a finite value stays
            infinite.
    """
    finite = np.isfinite(values)
    has_finite = finite.any(axis=0)
    largest = np.where(has_finite, np.where(finite, values, -np.inf).max(axis=0), np.inf)
    smallest = np.where(has_finite, np.where(finite, values, np.inf).min(axis=0), -np.inf)
    low = np.where(values == np.inf, largest, values)
    high = np.where(values == -np.inf, smallest, values)
    return CensoredValues(low, high)


def weighted_sum(terms: Sequence[CensoredValues], weights: Sequence[float]) -> CensoredValues:
    """Return the sum of weight times term. A term of weight 0 adds nothing, even if it is infinite."""
    total = CensoredValues(np.zeros_like(terms[0].low), np.zeros_like(terms[0].high))
    for term, weight in zip(terms, weights, strict=True):
        if weight > 0:
            total = _sum(total, CensoredValues(weight * term.low, weight * term.high))
        elif weight < 0:
            total = _sum(total, CensoredValues(weight * term.high, weight * term.low))
    return total


def slope(terms: Sequence[CensoredValues], positions: Sequence[float]) -> CensoredValues:
    """Return the slope of the least squares line through terms at their positions, of which at least two differ."""
    centred = np.asarray(positions, float) - np.mean(positions)
    return weighted_sum(terms, (centred / np.square(centred).sum()).tolist())


def _sum(left: CensoredValues, right: CensoredValues) -> CensoredValues:
    with np.errstate(invalid="ignore"):
        low, high = left.low + right.low, left.high + right.high
    # Infinity minus infinity is NaN: there is no bound.
    return CensoredValues(np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high))
