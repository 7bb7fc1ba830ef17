"""Simultaneous confidence bands of several means, such as those of a trajectory's generations."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from raysc.results.statistics.intervals import SampleMoments, limits, sample_moments, statistic
from raysc.rng import stream

RESAMPLES = 9999
"""Number of draws of a bootstrap."""


@dataclass(frozen=True)
class Band:
    """A band that holds all true means at once, by the maximum statistic and a multiplier bootstrap over seeds.

    The statistic is the maximum over columns of |mean - truth| / standard error. Its distribution is that of the
    residuals of each seed, with their correlation over the columns, times one normal multiplier per seed (Chernozhukov,
    Chetverikov and Kato 2013, "Gaussian approximations and multiplier bootstrap for maxima"). The standard errors are
    estimates from the same seeds, so each column of a draw is divided by the standard error of a normal sample of the
    same size. For one column this gives Student's quantile. One divisor for all columns would make the band too
    narrow: with few seeds the standard error of some column is nearly always far too small. The limits of each column
    are adjusted for skewed values as those of a single mean (``intervals``).

    Attributes:
        values: float64 (seeds, columns), at least two seeds.
        resamples: number of draws of the bootstrap.
    """

    values: np.ndarray
    resamples: int = RESAMPLES

    @cached_property
    def _moments(self) -> SampleMoments:
        return sample_moments(self.values)

    @cached_property
    def _max_statistics(self) -> np.ndarray:
        """The statistic of each draw, float64 (resamples,), sorted."""
        multipliers, divisors = _draws(*self.values.shape, self.resamples)
        centred = self.values - self._moments.mean
        spread = np.sqrt(np.square(centred).sum(axis=0))
        with np.errstate(divide="ignore", invalid="ignore"):
            residuals = np.where(self._moments.error > 0, centred / spread, 0.0)
        return np.asarray(np.sort((np.abs(multipliers @ residuals) / divisors).max(axis=1)))

    def interval(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the lower and upper limits, float64 (columns,), of the band that holds all true means at a level."""
        return limits(self._moments, float(np.quantile(self._max_statistics, level)))

    def p_value(self, bound: float) -> np.ndarray:
        """Return 1 - the largest level at which the band excludes a bound in a column, float64 (columns,)."""
        exceeded = np.searchsorted(self._max_statistics, statistic(self._moments, bound))
        return np.asarray(1 - exceeded / self.resamples)


@lru_cache(maxsize=2)
def _draws(seeds: int, columns: int, resamples: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw multipliers, float64 (resamples, seeds), and relative standard errors, float64 (resamples, columns)."""
    draws = stream(0, 0, "subsample", "band", seeds)
    multipliers = draws.standard_normal((resamples, seeds))
    return multipliers, np.sqrt(draws.chisquare(seeds - 1, (resamples, columns)) / (seeds - 1))
