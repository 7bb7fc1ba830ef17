"""From numbers, one or several per seed, to holds, fails or undecided."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np

from raysc.results.statistics.bands import Band
from raysc.results.statistics.censored import Bounds
from raysc.results.statistics.intervals import Bca, Student, holm, means

Verdict = Literal["holds", "fails", "undecided"]

FEWEST = 3
"""Seeds below which nothing is judged."""
MANY = 50
"""Seeds from which the bootstrap is used."""
LEVEL = 0.95
EQUIVALENCE = 0.9
"""Two one-sided tests at 5 %."""


class Interval(Protocol):
    """An interval of each column's mean."""

    def interval(self, level: float) -> tuple[np.ndarray, np.ndarray]: ...

    def beyond(self, bound: float) -> np.ndarray: ...


@dataclass(frozen=True)
class Region:
    """Where the true mean lies if a sentence is true.

    Attributes:
        low: minus infinity if there is no such end.
        high: likewise.
        level: of the interval that must lie within for the sentence to hold: 0.95, and 0.9 where there are two ends
            (two one-sided tests at 5 %: equivalence).
    """

    low: float
    high: float
    level: float


def above(bound: float) -> Region:
    """The mean is above."""
    return Region(bound, np.inf, LEVEL)


def below(bound: float) -> Region:
    """The mean is below."""
    return Region(-np.inf, bound, LEVEL)


def within(low: float, high: float) -> Region:
    """The mean is between."""
    return Region(low, high, EQUIVALENCE)


@dataclass(frozen=True)
class Judgement:
    """What the seeds say of one sentence.

    Attributes:
        holds: the interval lies within the region.
        p: 1 - the largest level at which the interval lies wholly outside the region: small if the sentence is false.
        mean: float64 (columns,), of the seeds; NaN where a seed is known from one side alone.
        low: float64 (columns,), lower limits at the region's level.
        high: upper limits.
        worst: the column that is least within the region.
        slack: how far its interval is within; negative where it is not.
    """

    holds: bool
    p: float
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    worst: int
    slack: float


def judge(values: Bounds, region: Region) -> Judgement:
    """Hold one number per seed, or several that must all be within, against a region.

    Args:
        values: float64 (seeds, columns), at least two seeds. A lower limit is that of the lower bounds, an upper limit
            that of the upper ones; where a seed has no bound on a side, the mean has no limit there.
        region: where the means should lie.
    """
    lower = _one_sided(values.low, "low")
    # Where everything is known, both sides are one.
    upper = replace(lower, side="high") if (values.low == values.high).all() else _one_sided(values.high, "high")
    low, high = lower.limit(region.level), upper.limit(region.level)
    slack = np.minimum(_distance(low, region.low), _distance(region.high, high))
    p = np.minimum(
        np.where(upper.mean < region.low, upper.beyond(region.low), 1.0),
        np.where(lower.mean > region.high, lower.beyond(region.high), 1.0),
    )
    known = (values.low == values.high).all(axis=0)
    return Judgement(
        holds=bool((slack > 0).all()),
        p=float(p.min()),
        mean=np.where(known, lower.mean, np.nan),
        low=low,
        high=high,
        worst=int(np.argmin(slack)),
        slack=float(slack.min()),
    )


def verdicts(judgements: Sequence[Judgement | None]) -> list[tuple[Verdict, float]]:
    """The verdict of each of several sentences, and its p value after Holm's correction.

    Args:
        judgements: of all the sentences that a claim is made of; None where one cannot be judged.
    """
    corrected = holm([1.0 if one is None else one.p for one in judgements])
    return [
        ("undecided" if one is None else "holds" if one.holds else "fails" if p <= 1 - LEVEL else "undecided", p)
        for one, p in zip(judgements, corrected, strict=True)
    ]


def conclusion(parts: Sequence[Verdict]) -> Verdict:
    """All hold; or one fails."""
    if "fails" in parts:
        return "fails"
    return "undecided" if "undecided" in parts else "holds"


@dataclass(frozen=True)
class _OneSided:
    """Limits on one side of the means of bounds, some of them infinite.

    Attributes:
        side: which.
        mean: float64 (columns,); infinite where a bound is.
        finite: columns whose bounds are all finite.
        interval: of these; None if there are none.
    """

    side: Literal["low", "high"]
    mean: np.ndarray
    finite: np.ndarray
    interval: Interval | None

    def limit(self, level: float) -> np.ndarray:
        limits = self.mean.copy()
        if self.interval is not None:
            limits[self.finite] = self.interval.interval(level)[0 if self.side == "low" else 1]
        return limits

    def beyond(self, bound: float) -> np.ndarray:
        p = np.zeros(len(self.mean))
        if self.interval is not None:
            p[self.finite] = self.interval.beyond(bound)
        return p


def _one_sided(bounds: np.ndarray, side: Literal["low", "high"]) -> _OneSided:
    finite = np.isfinite(bounds).all(axis=0)
    # Without a bound there is no limit; only where every seed lies infinitely far on the other side does the mean too.
    open_end, other_end = (-np.inf, np.inf) if side == "low" else (np.inf, -np.inf)
    mean = np.where((bounds == other_end).all(axis=0), other_end, open_end)
    mean[finite] = means(bounds[:, finite])
    return _OneSided(side, mean, finite, _interval(bounds[:, finite]) if finite.any() else None)


def _interval(values: np.ndarray) -> Interval:
    if values.shape[1] > 1:
        return Band(values)
    return Student(values) if len(values) < MANY else Bca(values)


def _distance(high: np.ndarray | float, low: np.ndarray | float) -> np.ndarray:
    """High - low; infinite where the region has no such end and the interval none either."""
    with np.errstate(invalid="ignore"):
        distance = np.asarray(high, float) - np.asarray(low, float)
    return np.where(np.isnan(distance), np.inf, distance)
