"""Exponents of power laws: the slope of log mean over log x, with an interval over seeds."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from raysc.results.statistics.crossed import replicates
from raysc.results.statistics.intervals import CONFIDENCE_LEVEL, SkewAdjustedInterval

MIN_SEEDS = 3
"""Seeds from which on an exponent has an interval."""


@dataclass(frozen=True)
class Exponent:
    """An exponent b of mean = a x^b.

    Attributes:
        seeds: the seeds.
        slopes: pseudo-value of each seed, float64 (seeds,); the exponent is their mean.
        points: number of values of x.
    """

    seeds: tuple[int, ...]
    slopes: np.ndarray = field(repr=False)
    points: int

    @property
    def value(self) -> float:
        """The exponent, without the bias of the jackknife."""
        return float(self.slopes.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """Limits of the 95 % interval over seeds; NaN for a single replicate."""
        values = replicates(self.slopes[:, None], self.seeds)
        if values is None or len(values) < 2:
            return float("nan"), float("nan")
        low, high = SkewAdjustedInterval(values).interval(CONFIDENCE_LEVEL)
        return float(low[0]), float(high[0])


def exponent(values: pd.DataFrame) -> Exponent | None:
    """Return the least squares slope of log mean over log x, the mean over seeds.

    Seeds share their random numbers at all x, so a seed is left out at all of them together (jackknife, Tukey 1958).
    The logarithm is that of the mean: single excesses may be negative.

    Args:
        values: seeds as rows, and the values of x, above 0, as columns.

    Returns:
        The exponent; None with fewer than two points or three seeds, or if a mean with or without a seed is not
        positive, so that it has no logarithm.
    """
    array, (seeds, points) = values.to_numpy(float), values.shape
    if points < 2 or seeds < MIN_SEEDS or not np.isfinite(array).all():
        return None
    total = array.sum(axis=0)
    means, without = total / seeds, (total - array) / (seeds - 1)
    if not ((means > 0).all() and (without > 0).all()):
        return None
    log_x = np.log(values.columns.to_numpy(float))
    centred = log_x - log_x.mean()
    weights = centred / np.square(centred).sum()
    slope, slopes_without = np.log(means) @ weights, np.log(without) @ weights
    return Exponent(tuple(map(int, values.index)), seeds * slope - (seeds - 1) * slopes_without, points)
