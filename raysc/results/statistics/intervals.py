"""Intervals of a mean over seeds: Student's below 50 seeds, a bootstrap from there; and Holm's correction."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy import stats

from raysc.rng import stream

RESAMPLES = 9999


@dataclass(frozen=True)
class Student:
    """Student's t interval: for few seeds, exact for normal values.

    Attributes:
        values: float64 (seeds, columns), at least two seeds; each column is judged by itself.
    """

    values: np.ndarray

    @cached_property
    def _mean(self) -> np.ndarray:
        return means(self.values)

    @cached_property
    def _error(self) -> np.ndarray:
        return standard_error(self.values)

    def interval(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper limit, float64 (columns,), that hold the true mean with a probability."""
        half = stats.t.ppf((1 + level) / 2, len(self.values) - 1) * self._error
        return self._mean - half, self._mean + half

    def beyond(self, bound: float) -> np.ndarray:
        """1 - the largest level at which the interval does not touch a bound, float64 (columns,), from 0 to 1."""
        with np.errstate(divide="ignore", invalid="ignore"):
            far = np.abs(self._mean - bound) / self._error
        return np.asarray(2 * stats.t.sf(np.where(np.isnan(far), 0.0, far), len(self.values) - 1))


@dataclass(frozen=True)
class Bca:
    """Efron's bias-corrected and accelerated bootstrap interval of the mean, for many seeds and skewed values.

    Efron 1987, "Better bootstrap confidence intervals". For the mean the acceleration is a sixth of the skewness over
    sqrt(seeds), so no jackknife is run. All columns share their resamples, which are the same at every call.

    Attributes:
        values: float64 (seeds, columns); each column is judged by itself.
        resamples: of the bootstrap.
    """

    values: np.ndarray
    resamples: int = RESAMPLES

    @cached_property
    def _means(self) -> np.ndarray:
        """float64 (resamples, columns), sorted."""
        # Around the mean, so that equal values stay equal whatever they are.
        drawn = _shares(len(self.values), self.resamples) @ (self.values - self._mean)
        return np.asarray(np.sort(np.where(standard_error(self.values) == 0, 0.0, drawn), axis=0))

    @cached_property
    def _mean(self) -> np.ndarray:
        return means(self.values)

    @cached_property
    def _bias(self) -> np.ndarray:
        return np.asarray(stats.norm.ppf(self._share(np.zeros(self.values.shape[1]))))

    @cached_property
    def _acceleration(self) -> np.ndarray:
        centred = self.values - self._mean
        squares = np.square(centred).sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            acceleration = (centred**3).sum(axis=0) / (6 * squares**1.5)
        return np.where(standard_error(self.values) == 0, 0.0, acceleration)

    def _share(self, bound: np.ndarray) -> np.ndarray:
        """Share of resamples below a bound (relative to the mean), ties half, never 0 or 1."""
        below = (self._means < bound).sum(axis=0) + 0.5 * (self._means == bound).sum(axis=0)
        return np.asarray(np.clip(below, 0.5, self.resamples - 0.5) / self.resamples)

    def interval(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper limit, float64 (columns,)."""
        low, high = (self._limit((1 + sign * level) / 2) for sign in (-1, 1))
        return low, high

    def _limit(self, share: float) -> np.ndarray:
        shifted = self._bias + stats.norm.ppf(share)
        place = stats.norm.cdf(self._bias + shifted / (1 - self._acceleration * shifted))
        positions = np.clip(place * self.resamples - 0.5, 0, self.resamples - 1)
        below = np.floor(positions).astype(int)
        above = np.minimum(below + 1, self.resamples - 1)
        columns = np.arange(self.values.shape[1])
        part = positions - below
        return np.asarray(self._mean + (1 - part) * self._means[below, columns] + part * self._means[above, columns])

    def beyond(self, bound: float) -> np.ndarray:
        """1 - the largest level at which the interval does not touch a bound; at least 1 / resamples."""
        relative = np.full(self.values.shape[1], bound) - self._mean
        shifted = stats.norm.ppf(self._share(relative)) - self._bias
        # The limit's formula solved for the level.
        score = shifted / (1 + self._acceleration * shifted) - self._bias
        return np.asarray(2 * stats.norm.sf(np.abs(score)))


@lru_cache(maxsize=2)
def _shares(seeds: int, resamples: int) -> np.ndarray:
    """The share of each seed in each resample, float64 (resamples, seeds)."""
    draws = stream(0, 0, "subsample", "bca", seeds)
    return np.asarray(draws.multinomial(seeds, np.full(seeds, 1 / seeds), resamples) / seeds)


def holm(p: Sequence[float]) -> list[float]:
    """Holm's step-down correction of several p values, in the order given."""
    order = np.argsort(p)
    corrected, least = [0.0] * len(p), 0.0
    for rank, index in enumerate(order):
        least = max(least, min(1.0, (len(p) - rank) * p[index]))
        corrected[index] = least
    return corrected


def means(values: np.ndarray) -> np.ndarray:
    """The mean of each column, float64 (columns,); of equal values just that value, without rounding."""
    return np.asarray(np.where(standard_error(values) == 0, values[0], values.mean(axis=0)))


def standard_error(values: np.ndarray) -> np.ndarray:
    """Of the mean of each column, float64 (columns,); 0 where values are equal but for their rounding."""
    spread = values.std(axis=0, ddof=1)
    rounding = 1e-12 * np.abs(values).max(axis=0)
    return np.asarray(np.where(spread <= rounding, 0.0, spread) / np.sqrt(len(values)))
