"""Simultaneous confidence bands of several means, such as those of a trajectory's generations."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from raysc.results.statistics.intervals import RESAMPLES, means, standard_error
from raysc.rng import stream


@dataclass(frozen=True)
class Band:
    """A band that holds all true means at once, by the maximum statistic and a multiplier bootstrap over seeds.

    The statistic is the maximum over columns of |mean - truth| / standard error. Its distribution is that of the
    residuals of each seed, with their correlation over the columns, times one normal multiplier per seed (Chernozhukov,
    Chetverikov and Kato 2013, "Gaussian approximations and multiplier bootstrap for maxima"). The standard errors are
    estimates from the same seeds, so each column of a draw is divided by the standard error of a normal sample of the
    same size. For one column this gives Student's t interval. One divisor for all columns would make the band too
    narrow: with few seeds the standard error of some column is nearly always far too small.

    Attributes:
        values: float64 (seeds, columns), at least two seeds.
        resamples: number of draws of the bootstrap.
    """

    values: np.ndarray
    resamples: int = RESAMPLES

    @cached_property
    def _mean(self) -> np.ndarray:
        return means(self.values)

    @cached_property
    def _error(self) -> np.ndarray:
        return standard_error(self.values)

    @cached_property
    def _max_statistics(self) -> np.ndarray:
        """The statistic of each draw, float64 (resamples,), sorted."""
        multipliers, divisors = _draws(*self.values.shape, self.resamples)
        spread = np.sqrt(np.square(self.values - self._mean).sum(axis=0))
        with np.errstate(divide="ignore", invalid="ignore"):
            residuals = np.where(self._error > 0, (self.values - self._mean) / spread, 0.0)
        return np.asarray(np.sort((np.abs(multipliers @ residuals) / divisors).max(axis=1)))

    def interval(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the lower and upper limits, float64 (columns,), of the band that holds all true means at a level."""
        half = np.quantile(self._max_statistics, level) * self._error
        return self._mean - half, self._mean + half

    def p_value(self, bound: float) -> np.ndarray:
        """Return 1 - the largest level at which the band excludes a bound in a column, float64 (columns,)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = np.abs(self._mean - bound) / self._error
        statistic = np.where(np.isnan(statistic), 0.0, statistic)
        return np.asarray(1 - np.searchsorted(self._max_statistics, statistic) / self.resamples)


@lru_cache(maxsize=2)
def _draws(seeds: int, columns: int, resamples: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw multipliers, float64 (resamples, seeds), and relative standard errors, float64 (resamples, columns)."""
    draws = stream(0, 0, "subsample", "band", seeds)
    multipliers = draws.standard_normal((resamples, seeds))
    return multipliers, np.sqrt(draws.chisquare(seeds - 1, (resamples, columns)) / (seeds - 1))
