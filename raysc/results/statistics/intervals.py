"""Confidence intervals of a mean over seeds, for normal and for skewed values, and Holm's correction.

Student's interval is exact for normal values. The mean of skewed values lies beyond its limit on the side of the long
tail far too often: for chi-square(1) in 14 % of samples of 8 instead of 2.5 %. So each limit is the furthest of three:

- Student's: mean +- q error, where error = standard deviation / sqrt(seeds).
- From ``SIGN_SEEDS`` on, for values of one sign, away from 0: mean exp(y + min(y, 1)^2), y = q error / |mean|. exp(y)
  is the limit on the scale of log mean (the delta method), y^2 corrects its skewness. The correction is for small y:
  above 1 it would only make limits of few seeds absurdly wide, for chi-square(1) and three seeds 6,000 times the mean.
- From ``HALL_SEEDS`` on, Hall's: the cubic transformation of the t statistic that removes its skewness (Hall 1992, "On
  the removal of skewness by transformation").

q is the quantile of |t|, or of a maximum of several (``bands``). ``benchmarks/intervals.py`` measures how often a mean
lies beyond each limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special

CONFIDENCE_LEVEL = 0.95
"""Confidence level of an interval."""
SIGN_SEEDS = 3
"""Number of seeds from which on their common sign counts. With two, the quantile is 12.7: exp(y) says nothing."""
HALL_SEEDS = 8
"""Number of seeds from which on their skewness is estimated. With fewer the estimate only adds noise."""


@dataclass(frozen=True)
class SampleMoments:
    """Moments of each column of values, float64 (columns,).

    Attributes:
        seeds: number of values of a column.
        mean: the mean.
        error: its standard error.
        skewness: the sample skewness with the usual correction for few values; 0 for equal values, and below
            ``HALL_SEEDS`` values.
        sign: 1 for a column without negative values, -1 for one without positive values, 0 otherwise, for zeros, and
            below ``SIGN_SEEDS`` values.
    """

    seeds: int
    mean: np.ndarray
    error: np.ndarray
    skewness: np.ndarray
    sign: np.ndarray


def sample_moments(values: np.ndarray) -> SampleMoments:
    """Return the moments of values, float64 (seeds, columns), at least two seeds."""
    seeds, mean, error = len(values), means(values), standard_error(values)
    skewness = np.zeros(len(mean))
    if seeds >= HALL_SEEDS:
        spread = error * np.sqrt(seeds)
        third = ((values - mean) ** 3).mean(axis=0) * np.sqrt(seeds * (seeds - 1)) / (seeds - 2)
        skewness = np.divide(third, spread**3, out=skewness, where=spread > 0)
    sign = np.sign(mean) * ((values >= 0).all(axis=0) | (values <= 0).all(axis=0)) * (seeds >= SIGN_SEEDS)
    return SampleMoments(seeds, mean, error, skewness, sign)


@dataclass(frozen=True)
class SkewAdjustedInterval:
    """The interval of each column's mean.

    Attributes:
        values: float64 (seeds, columns), at least two seeds; each column has its interval.
    """

    values: np.ndarray

    @cached_property
    def _moments(self) -> SampleMoments:
        return sample_moments(self.values)

    def interval(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the lower and upper limits, float64 (columns,), that hold a true mean with probability ``level``."""
        return limits(self._moments, float(special.stdtrit(len(self.values) - 1, (1 + level) / 2)))

    def p_value(self, bound: float) -> np.ndarray:
        """Return 1 - the largest level at which the interval excludes a bound, float64 (columns,), from 0 to 1."""
        return np.asarray(2 * special.stdtr(len(self.values) - 1, -statistic(self._moments, bound)))


def limits(moments: SampleMoments, quantile: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower and upper limits of each column's mean, float64 (columns,).

    Args:
        moments: of the values.
        quantile: of the statistic.
    """
    mean, error, sign = moments.mean, moments.error, moments.sign
    low, high = mean - quantile * error, mean + quantile * error
    if sign.any():
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            y = quantile * error / np.abs(mean)
            furthest = mean * np.exp(y + np.minimum(y, 1) ** 2)
        low = np.where(sign < 0, np.minimum(low, furthest), low)
        high = np.where(sign > 0, np.maximum(high, furthest), high)
    if moments.seeds >= HALL_SEEDS:
        spread = error * np.sqrt(moments.seeds)
        low = np.minimum(low, mean - spread * _inverse_transform(quantile, moments))
        high = np.maximum(high, mean - spread * _inverse_transform(-quantile, moments))
    return low, high


def statistic(moments: SampleMoments, bound: float) -> np.ndarray:
    """Return the largest quantile at which the limits exclude a bound, float64 (columns,), at least 0."""
    mean, error = moments.mean, moments.error
    distance = mean - bound
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        smallest = np.abs(distance) / error
        away = (moments.sign * distance < 0) & (error > 0)
        if away.any():
            ratio = np.log(bound / mean)
            y = np.where(ratio <= 2, (np.sqrt(1 + 4 * ratio) - 1) / 2, ratio - 1)  # the y whose limit is the bound
            smallest = np.where(away, np.minimum(smallest, y * np.abs(mean) / error), smallest)
        if moments.seeds >= HALL_SEEDS:
            score = _transform(distance / (error * np.sqrt(moments.seeds)), moments)
            # Beyond 0 the transformation has the other sign: the bound lies on the other side of Hall's centre.
            smallest = np.where(error > 0, np.minimum(smallest, np.maximum(score * np.sign(distance), 0)), smallest)
    return np.where(np.isnan(smallest), 0.0, smallest)


MIN_SKEWNESS = 1e-6
"""Skewness below which Hall's transformation is Student's statistic in double precision."""


def _transform(distance: np.ndarray, moments: SampleMoments) -> np.ndarray:
    """Return Hall's transformation of (mean - truth) / standard deviation, which is nearly that of normal values."""
    a, seeds = moments.skewness / 3, moments.seeds
    return np.asarray(np.sqrt(seeds) * (distance + a * distance**2 + a**2 * distance**3 / 3 + a / (2 * seeds)))


def _inverse_transform(score: float, moments: SampleMoments) -> np.ndarray:
    """Return the (mean - truth) / standard deviation whose transformation is a score."""
    skewness, seeds = moments.skewness, moments.seeds
    safe = np.where(np.abs(skewness) < MIN_SKEWNESS, 1.0, skewness)
    inverse = (np.cbrt(1 + safe * (score / np.sqrt(seeds) - safe / (6 * seeds))) - 1) * 3 / safe
    return np.asarray(np.where(np.abs(skewness) < MIN_SKEWNESS, score / np.sqrt(seeds), inverse))


def holm(p: Sequence[float]) -> list[float]:
    """Return Holm's step-down correction of several p values, in their order."""
    order = np.argsort(p)
    corrected, largest = [0.0] * len(p), 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p) - rank) * p[index]))
        corrected[index] = largest
    return corrected


def means(values: np.ndarray) -> np.ndarray:
    """Return the mean of each column, float64 (columns,); the mean of equal values is exactly this value."""
    return np.asarray(np.where(standard_error(values) == 0, values[0], values.mean(axis=0)))


def standard_error(values: np.ndarray) -> np.ndarray:
    """Return the standard error of each column's mean, float64 (columns,); 0 if values differ by rounding alone."""
    spread = values.std(axis=0, ddof=1)
    rounding = 1e-12 * np.abs(values).max(axis=0)
    return np.asarray(np.where(spread <= rounding, 0.0, spread) / np.sqrt(len(values)))
