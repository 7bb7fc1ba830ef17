"""The paired interval of a claim: limits of the mean over seeds of the numbers that ``paired_values`` gives.

A seed's two sides share their random numbers, so the interval is that of the mean of their differences. With one
column it is Student's t, adjusted for skewed values (``statistics/intervals.py``); with several, one for each listed
generation, it is a simultaneous band (``statistics/bands.py``). Values that are known on one side only, of diverged
seeds for example, leave the mean without a limit on the other side.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np

from raysc.results.statistics.bands import Band
from raysc.results.statistics.censored import CensoredValues
from raysc.results.statistics.crossed import replicates
from raysc.results.statistics.intervals import SkewAdjustedInterval, means
from raysc.seeds import are_crossed


class Interval(Protocol):
    """A confidence interval of each column's mean."""

    def interval(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the lower and upper limits, float64 (columns,)."""

    def p_value(self, bound: float) -> np.ndarray:
        """Return 1 - the largest level at which the interval excludes a bound, float64 (columns,)."""


@dataclass(frozen=True)
class OneSidedLimits:
    """The limits on one side of the means of bounds, some of which are infinite.

    Attributes:
        side: "low" for lower limits, "high" for upper limits.
        mean: means of the bounds, float64 (columns,); infinite for a column with an infinite bound.
        finite: bool (columns,), True for a column whose bounds are all finite.
        interval: interval of these columns; None if there are none.
    """

    side: Literal["low", "high"]
    mean: np.ndarray
    finite: np.ndarray
    interval: Interval | None

    def limit(self, level: float) -> np.ndarray:
        """Return the limit of each column's mean at a confidence level, float64 (columns,)."""
        limits = self.mean.copy()
        if self.interval is not None:
            limits[self.finite] = self.interval.interval(level)[0 if self.side == "low" else 1]
        return limits

    def p_value(self, bound: float) -> np.ndarray:
        """Return 1 - the largest level at which the interval excludes a bound, float64 (columns,)."""
        p = np.zeros(len(self.mean))
        if self.interval is not None:
            p[self.finite] = self.interval.p_value(bound)
        return p


def paired_interval(values: CensoredValues, seeds: Sequence[int] = ()) -> tuple[OneSidedLimits, OneSidedLimits]:
    """Return the lower and the upper limits of the mean over seeds of each column.

    Args:
        values: float64 (seeds, columns), at least two seeds. The lower limit of a mean is that of the lower bounds, its
            upper limit that of the upper bounds. If a seed has no bound on a side, the mean has no limit on it.
        seeds: the seed of each row. Rows that share seeds of some purpose are not independent (``crossed``); the mean
            has no limits if a combination of the seeds is missing. Empty: all rows are independent.
    """
    lower = _one_sided(values.low, "low", seeds)
    # Without censored values both sides are equal.
    same = (values.low == values.high).all() and not are_crossed(seeds)
    return lower, replace(lower, side="high") if same else _one_sided(values.high, "high", seeds)


def _one_sided(bounds: np.ndarray, side: Literal["low", "high"], seeds: Sequence[int]) -> OneSidedLimits:
    finite = np.isfinite(bounds).all(axis=0)
    independent = replicates(bounds[:, finite], seeds)
    if independent is None:
        finite = np.zeros_like(finite)
    # If a seed has no bound on this side, the mean has no limit on it. If every seed is infinite on the other side, the
    # mean is infinite on the other side.
    open_end, other_end = (-np.inf, np.inf) if side == "low" else (np.inf, -np.inf)
    mean = np.where((bounds == other_end).all(axis=0), other_end, open_end)
    mean[finite] = means(bounds[:, finite])
    interval = _interval(independent) if independent is not None and finite.any() else None
    return OneSidedLimits(side, mean, finite, interval)


def _interval(values: np.ndarray) -> Interval:
    return Band(values) if values.shape[1] > 1 else SkewAdjustedInterval(values)
