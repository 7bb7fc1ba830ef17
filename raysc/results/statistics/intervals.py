"""Confidence intervals of a mean over seeds (Student's t, BCa bootstrap), and Holm's correction."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy import stats

from raysc.rng import stream

RESAMPLES = 9999
"""Number of draws of a bootstrap."""


@dataclass(frozen=True)
class Student:
    """Student's t interval, exact for normal values.

    Attributes:
        values: float64 (seeds, columns), at least two seeds; each column has its own interval.
    """

    values: np.ndarray

    @cached_property
    def _mean(self) -> np.ndarray:
        return means(self.values)

    @cached_property
    def _error(self) -> np.ndarray:
        return standard_error(self.values)

    def interval(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the lower and upper limits, float64 (columns,), that hold a true mean with probability ``level``."""
        half = stats.t.ppf((1 + level) / 2, len(self.values) - 1) * self._error
        return self._mean - half, self._mean + half

    def p_value(self, bound: float) -> np.ndarray:
        """Return 1 - the largest level at which the interval excludes a bound, float64 (columns,), from 0 to 1."""
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = np.abs(self._mean - bound) / self._error
        return np.asarray(2 * stats.t.sf(np.where(np.isnan(statistic), 0.0, statistic), len(self.values) - 1))


@dataclass(frozen=True)
class Bca:
    """Efron's bias-corrected and accelerated bootstrap interval of the mean, for many seeds and skewed values.

    Efron 1987, "Better bootstrap confidence intervals". For the mean, the acceleration is a sixth of the skewness over
    sqrt(seeds), so no jackknife is needed. All columns share their resamples, which are the same at every call.

    Attributes:
        values: float64 (seeds, columns); each column has its own interval.
        resamples: number of draws of the bootstrap.
    """

    values: np.ndarray
    resamples: int = RESAMPLES

    @cached_property
    def _means(self) -> np.ndarray:
        """Means of the resamples relative to the mean, float64 (resamples, columns), each column sorted."""
        # Relative to the mean, so that equal values give exactly 0.
        resampled = _resample_weights(len(self.values), self.resamples) @ (self.values - self._mean)
        return np.asarray(np.sort(np.where(standard_error(self.values) == 0, 0.0, resampled), axis=0))

    @cached_property
    def _mean(self) -> np.ndarray:
        return means(self.values)

    @cached_property
    def _bias(self) -> np.ndarray:
        return np.asarray(stats.norm.ppf(self._bootstrap_cdf(np.zeros(self.values.shape[1]))))

    @cached_property
    def _acceleration(self) -> np.ndarray:
        centred = self.values - self._mean
        squares = np.square(centred).sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            acceleration = (centred**3).sum(axis=0) / (6 * squares**1.5)
        return np.where(standard_error(self.values) == 0, 0.0, acceleration)

    def _bootstrap_cdf(self, bound: np.ndarray) -> np.ndarray:
        """Return the share of resamples below a bound (relative to the mean); ties count half; never 0 or 1."""
        below = (self._means < bound).sum(axis=0) + 0.5 * (self._means == bound).sum(axis=0)
        return np.asarray(np.clip(below, 0.5, self.resamples - 0.5) / self.resamples)

    def interval(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the lower and upper limits, float64 (columns,), that hold a true mean with probability ``level``."""
        low, high = (self._limit((1 + sign * level) / 2) for sign in (-1, 1))
        return low, high

    def _limit(self, share: float) -> np.ndarray:
        shifted = self._bias + stats.norm.ppf(share)
        percentile = stats.norm.cdf(self._bias + shifted / (1 - self._acceleration * shifted))
        positions = np.clip(percentile * self.resamples - 0.5, 0, self.resamples - 1)
        below = np.floor(positions).astype(int)
        above = np.minimum(below + 1, self.resamples - 1)
        columns = np.arange(self.values.shape[1])
        fraction = positions - below
        return np.asarray(
            self._mean + (1 - fraction) * self._means[below, columns] + fraction * self._means[above, columns]
        )

    def p_value(self, bound: float) -> np.ndarray:
        """Return 1 - the largest level at which the interval excludes a bound, float64 (columns,), >= 1 / resamples."""
        relative = np.full(self.values.shape[1], bound) - self._mean
        shifted = stats.norm.ppf(self._bootstrap_cdf(relative)) - self._bias
        # The formula in _limit, solved for the level.
        score = shifted / (1 + self._acceleration * shifted) - self._bias
        return np.asarray(2 * stats.norm.sf(np.abs(score)))


@lru_cache(maxsize=2)
def _resample_weights(seeds: int, resamples: int) -> np.ndarray:
    """Draw the share of each seed in each resample, float64 (resamples, seeds)."""
    draws = stream(0, 0, "subsample", "bca", seeds)
    return np.asarray(draws.multinomial(seeds, np.full(seeds, 1 / seeds), resamples) / seeds)


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
