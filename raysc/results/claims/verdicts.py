"""Verdicts (holds, fails, undecided) of a claim's cases, from the 95 % intervals of their means over seeds.

A statement holds if the interval lies in its region, which has one bound or two. For two bounds (equivalence) this is
the more conservative form of the two one-sided tests: both are at 2.5 %, as all claims are, where 5 % (the 90 %
interval) would do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from raysc.results.claims.paired_interval import paired_interval
from raysc.results.statistics.censored import CensoredValues
from raysc.results.statistics.intervals import CONFIDENCE_LEVEL, holm

Verdict = Literal["holds", "fails", "undecided"]

MIN_SEEDS = 3
"""Least number of seeds for a verdict."""


@dataclass(frozen=True)
class Region:
    """The region that contains the true mean if a statement is true.

    Attributes:
        low: lower end; minus infinity without one.
        high: upper end; infinity without one.
    """

    low: float
    high: float


def above(bound: float) -> Region:
    """Return the region above a bound."""
    return Region(bound, np.inf)


def below(bound: float) -> Region:
    """Return the region below a bound."""
    return Region(-np.inf, bound)


def within(low: float, high: float) -> Region:
    """Return the region between two bounds."""
    return Region(low, high)


@dataclass(frozen=True)
class Judgement:
    """The result of comparing the mean over seeds with a region.

    Attributes:
        holds: True if the interval of every column lies in the region.
        p_against: two-sided p value against the statement: 1 - the largest level at which the interval of a column lies
            outside the region. Small if the statement is false; 1 if the mean lies in the region.
        mean: means over seeds, float64 (columns,); NaN for a column with a censored value.
        low: lower limits of the intervals, float64 (columns,).
        high: upper limits, float64 (columns,).
        worst: index of the column with the least slack.
        slack: distance of its interval from the ends of the region; negative if the interval exceeds them.
    """

    holds: bool
    p_against: float
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    worst: int
    slack: float


def judge(values: CensoredValues, region: Region, seeds: Sequence[int] = ()) -> Judgement:
    """Compare the mean over seeds of each column with a region; all means must lie in it.

    Args:
        values: float64 (seeds, columns), at least two seeds. The lower limit of a mean is that of the lower bounds, its
            upper limit that of the upper bounds. If a seed has no bound on a side, the mean has no limit on it.
        region: the region.
        seeds: the seed of each row, which tells the rows that are not independent; empty for independent ones.
    """
    lower, upper = paired_interval(values, seeds)
    low, high = lower.limit(CONFIDENCE_LEVEL), upper.limit(CONFIDENCE_LEVEL)
    slack = np.minimum(_distance(low, region.low), _distance(region.high, high))
    p = np.minimum(
        np.where(upper.mean < region.low, upper.p_value(region.low), 1.0),
        np.where(lower.mean > region.high, lower.p_value(region.high), 1.0),
    )
    known = (values.low == values.high).all(axis=0)
    return Judgement(
        holds=bool((slack > 0).all()),
        p_against=float(p.min()),
        mean=np.where(known, lower.mean, np.nan),
        low=low,
        high=high,
        worst=int(np.argmin(slack)),
        slack=float(slack.min()),
    )


def verdicts(judgements: Sequence[Judgement | None]) -> list[tuple[Verdict, float]]:
    """Return the verdict of each case of a claim, and its ``p_against`` after Holm's correction.

    Args:
        judgements: judgements of all cases; None for a case that cannot be judged.
    """
    corrected = holm([1.0 if judgement is None else judgement.p_against for judgement in judgements])
    return [(_verdict(judgement, p), p) for judgement, p in zip(judgements, corrected, strict=True)]


def _verdict(judgement: Judgement | None, p: float) -> Verdict:
    if judgement is None:
        return "undecided"
    if judgement.holds:
        return "holds"
    return "fails" if p <= 1 - CONFIDENCE_LEVEL else "undecided"


def conclusion(cases: Sequence[Verdict]) -> Verdict:
    """Return the verdict of a claim: it fails if a case fails, and holds if all cases hold."""
    if "fails" in cases:
        return "fails"
    return "undecided" if "undecided" in cases else "holds"


def _distance(high: np.ndarray | float, low: np.ndarray | float) -> np.ndarray:
    """Return high - low; infinite if both are the same infinity (a region without an end, a mean without a limit)."""
    with np.errstate(invalid="ignore"):
        distance = np.asarray(high, float) - np.asarray(low, float)
    return np.where(np.isnan(distance), np.inf, distance)
