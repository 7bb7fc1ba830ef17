"""Numbers of which some are known from one side alone.

A seed whose model diverged is worse than can be told, and one whose metric never crossed a level crosses it later than
the sweep went. Leaving such seeds out would judge the survivors; so each number here is a lower and an upper bound,
equal where the number is known, and arithmetic keeps both true.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Bounds:
    """Numbers that lie from ``low`` to ``high``.

    Attributes:
        low: float64, any shape; minus infinity where nothing is known on this side.
        high: of the same shape; plus infinity likewise.
    """

    low: np.ndarray
    high: np.ndarray

    def __sub__(self, other: "Bounds") -> "Bounds":
        return _sum(self, Bounds(-other.high, -other.low))

    def take(self, seeds: np.ndarray) -> "Bounds":
        """Those of some seeds, the leading axis."""
        return Bounds(self.low[seeds], self.high[seeds])


def exactly(values: np.ndarray) -> Bounds:
    """Numbers that are known; infinite ones lie beyond the furthest finite one of their column.

    Args:
        values: float64 (seeds, columns): a column is one cell at one generation. If none of a column is finite, they
            are infinite indeed.
    """
    finite = np.isfinite(values)
    some = finite.any(axis=0)
    largest = np.where(some, np.where(finite, values, -np.inf).max(axis=0), np.inf)
    smallest = np.where(some, np.where(finite, values, np.inf).min(axis=0), -np.inf)
    low = np.where(values == np.inf, largest, values)
    high = np.where(values == -np.inf, smallest, values)
    return Bounds(low, high)


def weighted_sum(terms: Sequence[Bounds], weights: Sequence[float]) -> Bounds:
    """The sum of weight times term; a term of weight 0 has no say, infinite or not."""
    total = Bounds(np.zeros_like(terms[0].low), np.zeros_like(terms[0].high))
    for term, weight in zip(terms, weights, strict=True):
        if weight > 0:
            total = _sum(total, Bounds(weight * term.low, weight * term.high))
        elif weight < 0:
            total = _sum(total, Bounds(weight * term.high, weight * term.low))
    return total


def slope(terms: Sequence[Bounds], positions: Sequence[float]) -> Bounds:
    """The slope of the least squares line through terms at some positions, of which two differ."""
    centred = np.asarray(positions, float) - np.mean(positions)
    return weighted_sum(terms, (centred / np.square(centred).sum()).tolist())


def _sum(one: Bounds, other: Bounds) -> Bounds:
    with np.errstate(invalid="ignore"):
        low, high = one.low + other.low, one.high + other.high
    # Infinity minus infinity: nothing is known.
    return Bounds(np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high))
