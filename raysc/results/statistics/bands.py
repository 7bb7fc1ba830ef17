"""Intervals of several means at once: a trajectory's generations are judged together."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from raysc.results.statistics.intervals import RESAMPLES, means, standard_error
from raysc.rng import stream


@dataclass(frozen=True)
class Band:
    """A band that holds all true means together, by the maximum statistic and a multiplier bootstrap over seeds.

    The maximum over columns of |mean - truth| / standard error is compared with what it would be by chance: residuals
    of each seed, with the correlation they have over the columns, times one normal multiplier per seed (Chernozhukov,
    Chetverikov and Kato 2013, "Gaussian approximations and multiplier bootstrap for maxima"). The standard errors are
    estimates from the same seeds; so each column of a draw is divided by that of a normal sample as large, which for
    one column gives Student's t interval. One divisor for all columns would be too kind: of few seeds some column's
    standard error is nearly always far too small.

    Attributes:
        values: float64 (seeds, columns), at least two seeds.
        resamples: of the bootstrap.
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
    def _maxima(self) -> np.ndarray:
        """float64 (resamples,), sorted."""
        multipliers, divisors = _draws(*self.values.shape, self.resamples)
        spread = np.sqrt(np.square(self.values - self._mean).sum(axis=0))
        with np.errstate(divide="ignore", invalid="ignore"):
            residuals = np.where(self._error > 0, (self.values - self._mean) / spread, 0.0)
        return np.asarray(np.sort((np.abs(multipliers @ residuals) / divisors).max(axis=1)))

    def interval(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper limit, float64 (columns,); all true means lie within with a probability."""
        half = np.quantile(self._maxima, level) * self._error
        return self._mean - half, self._mean + half

    def beyond(self, bound: float) -> np.ndarray:
        """1 - the largest level at which the band does not touch a bound in a column, float64 (columns,)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            far = np.abs(self._mean - bound) / self._error
        far = np.where(np.isnan(far), 0.0, far)
        return np.asarray(1 - np.searchsorted(self._maxima, far) / self.resamples)


@lru_cache(maxsize=2)
def _draws(seeds: int, columns: int, resamples: int) -> tuple[np.ndarray, np.ndarray]:
    """Multipliers, float64 (resamples, seeds), and standard errors relative to the true ones, (resamples, columns)."""
    draws = stream(0, 0, "subsample", "band", seeds)
    multipliers = draws.standard_normal((resamples, seeds))
    return multipliers, np.sqrt(draws.chisquare(seeds - 1, (resamples, columns)) / (seeds - 1))
