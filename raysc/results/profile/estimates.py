"""Estimates: a verdict on one definition, with the number and the interval that it rests on."""

from collections.abc import Callable
from dataclasses import dataclass
from math import nan
from typing import Literal

import numpy as np

from raysc.results.claims.verdicts import MIN_SEEDS, Judgement, Region, Verdict, above, judge, verdicts
from raysc.results.statistics.averages import Bounds, clip
from raysc.results.statistics.censored import CensoredValues, censor

Finding = Verdict | Literal["not measured"]


@dataclass(frozen=True)
class Estimate:
    """The verdict on a definition for one cell.

    Attributes:
        finding: the verdict: "holds" if the cell collapses by the definition, "fails" if it does not.
        value: mean over seeds; NaN if it is not known, or censored.
        low: lower limit of its 95 % interval; minus infinity if it has none.
        high: upper limit; infinity if it has none.
        unit: unit of these numbers, in words.
        seeds: number of seeds.
        note: the shape of a curve, or the reason for which nothing was decided or measured; "" without one.
    """

    finding: Finding
    value: float = nan
    low: float = nan
    high: float = nan
    unit: str = ""
    seeds: int = 0
    note: str = ""


def judged_mean(values: np.ndarray, region: Region) -> tuple[Verdict, Judgement]:
    """Judge the mean over seeds of one number per seed.

    Args:
        values: float64 (seeds,), at least two. Infinite values count as at least as far as the furthest finite one.
            Nothing is known of a seed with NaN, so the mean has no limits.
        region: the region in which the mean lies if the definition holds. A mean at its end without any spread, such as
            a loss of 0 in every seed, lies outside.
    """
    bounds = censor(values[:, None])
    unknown = np.isnan(bounds.low)
    judgement = judge(
        CensoredValues(np.where(unknown, -np.inf, bounds.low), np.where(unknown, np.inf, bounds.high)), region
    )
    ((verdict, _),) = verdicts([judgement])
    at_end = bool((values == region.low).all() or (values == region.high).all())
    return "fails" if at_end and np.isfinite(values).all() else verdict, judgement


def estimate(
    values: np.ndarray,
    unit: str,
    transform: Callable[[np.ndarray], np.ndarray] | None = None,
    bound: float = 0.0,
    possible: Bounds = None,
    note: str = "",
) -> Estimate:
    """Return the verdict that the mean over seeds is above a bound.

    Args:
        values: float64 (seeds,); see ``judged_mean``.
        unit: unit of the numbers, after the transformation.
        transform: monotone function of the mean and its limits: ``np.exp`` for logarithms of ratios.
        bound: the bound, before the transformation.
        possible: least and greatest possible mean; the interval does not exceed them.
        note: see ``Estimate``.
    """
    seeds = len(values)
    if seeds < MIN_SEEDS:
        return Estimate("undecided", unit=unit, seeds=seeds, note=f"{seeds} seeds; at least {MIN_SEEDS} are needed")
    verdict, judgement = judged_mean(values, above(bound))
    numbers = clip(np.array([judgement.mean[0], judgement.low[0], judgement.high[0]]), possible)
    if transform is not None:
        with np.errstate(over="ignore"):
            numbers = transform(numbers)
    value, low, high = numbers[0], *sorted(numbers[1:])
    return Estimate(verdict, float(value), float(low), float(high), unit, seeds, note)
