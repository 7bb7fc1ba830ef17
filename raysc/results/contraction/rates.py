"""The rate of contraction, from the distances of loops and their forks."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from raysc.results.statistics.crossed import replicates
from raysc.results.statistics.intervals import CONFIDENCE_LEVEL, SkewAdjustedInterval

RESOLUTION = 1e-6
"""Distance, relative to that of generation 0, below which rounding may be a part of it."""


@dataclass(frozen=True)
class Rate:
    """A rate of contraction over some generations.

    Attributes:
        first: the generation before the first ratio.
        last: the generation of the last ratio.
        seeds: the seeds.
        logs: log rate per generation of every seed, float64 (seeds,).
    """

    first: int
    last: int
    seeds: tuple[int, ...]
    logs: np.ndarray = field(repr=False)

    @property
    def rho(self) -> float:
        """The geometric mean over seeds and generations."""
        return float(np.exp(self.logs.mean()))

    @property
    def interval(self) -> tuple[float, float]:
        """Limits of the 95 % interval over seeds; NaN for a single replicate."""
        values = replicates(self.logs[:, None], self.seeds)
        if values is None or len(values) < 2:
            return float("nan"), float("nan")
        low, high = SkewAdjustedInterval(values).interval(CONFIDENCE_LEVEL)
        return float(np.exp(low[0])), float(np.exp(high[0]))


def leading_rate(distances: pd.DataFrame) -> Rate | None:
    """Return the rate over the second half of the generations in which the distances are above ``RESOLUTION``.

    In the first half, directions that contract faster than the leading one may still show.

    Args:
        distances: seeds as rows, measured generations in ascending order as columns.

    Returns:
        The rate; None without generation 0, or if fewer than two generations are above or finite.
    """
    resolved, generations = _resolved(distances), [int(t) for t in distances.columns]
    if resolved < 2:
        return None
    last = resolved - 1
    first = min(int(np.searchsorted(generations, generations[last] / 2)), last - 1)
    return _rate(distances, first, last)


def step_rates(distances: pd.DataFrame) -> list[Rate]:
    """Return the rate of every pair of successive measured generations whose distances are above ``RESOLUTION``."""
    return [_rate(distances, t - 1, t) for t in range(1, _resolved(distances))]


def effective_step(rho: float, share: float) -> float:
    """Return f, the share of the way to the new fixed point that a generation moves: (1 - rho) / (1 - share).

    A well-specified family that a generation moves the whole way contracts by the share lambda / (1 + lambda) of
    samples of the last model. One that moves by f contracts by rho = 1 - f + f share.

    Args:
        rho: rate of contraction.
        share: synthetic rows over all rows, below 1.
    """
    return (1 - rho) / (1 - share)


def _resolved(distances: pd.DataFrame) -> int:
    """Return the number of first generations in which all distances are finite and above ``RESOLUTION``."""
    values = distances.to_numpy(float)
    if 0 not in distances.columns:
        return 0
    above = np.isfinite(values) & (values > RESOLUTION * values[:, :1])
    return int(np.cumprod(above.all(axis=0)).sum())


def _rate(distances: pd.DataFrame, first: int, last: int) -> Rate:
    """Return the rate between two positions of the generations."""
    start, end = int(distances.columns[first]), int(distances.columns[last])
    values = distances.to_numpy(float)
    logs = np.log(values[:, last] / values[:, first]) / (end - start)
    return Rate(start, end, tuple(int(seed) for seed in distances.index), logs)
