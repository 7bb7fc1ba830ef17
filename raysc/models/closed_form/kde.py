"""Kernel density estimates: the model consists of its training rows, each smoothed by a Gaussian kernel."""

from dataclasses import dataclass, field
from functools import partial
from math import isfinite, log, pi
from typing import ClassVar, Literal

import numpy as np

from raysc.errors import InputError
from raysc.models.closed_form.cholesky import cholesky_and_log_det
from raysc.models.closed_form.draws import normals, uniforms
from raysc.models.closed_form.incremental import IncrementalStatistics
from raysc.models.closed_form.kernel_sums import log_kernel_sums
from raysc.models.closed_form.moments import Moments
from raysc.models.family import StateWithRows
from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams


@dataclass(frozen=True)
class Kde:
    """The mean of Gaussians N(x_i, h^2 I) around the N training rows x_i (Kazdan et al. 2024, section 2).

    A sample is a training row plus h times a standard normal. Metrics under ``accumulate`` cost O(T) for T
    generations: kernel sums at the held-out points and moments are kept for the rows of earlier generations. With a
    rule for h the kernel sums are computed anew, since h changes with the number of rows: then each measured
    generation evaluates as many kernels as it has rows.

    The model needs all its rows to sample, so they stay in memory. All values are float64.

    Attributes:
        bandwidth: h, or a rule that computes it from the number of rows N and of dimensions d alone (no scale of the
            data): scott, N^(-1/(d+4)), or silverman, (N (d+2)/4)^(-1/(d+4)).

    Raises:
        InputError: the bandwidth is not a positive number.
    """

    bandwidth: float | Literal["scott", "silverman"]
    _moments: IncrementalStatistics[Moments] = field(
        default_factory=lambda: IncrementalStatistics(Moments.__add__), init=False, repr=False, compare=False
    )
    _log_kernel_sums: IncrementalStatistics[np.ndarray] = field(
        default_factory=lambda: IncrementalStatistics(np.logaddexp), init=False, repr=False, compare=False
    )

    # 2: normals come from SFC64.
    version: ClassVar[int] = 2
    trained: ClassVar[bool] = False
    reads_rows_once: ClassVar[bool] = False
    block: ClassVar[int] = 1024

    def __post_init__(self) -> None:
        if not isinstance(self.bandwidth, str) and not (isfinite(self.bandwidth) and self.bandwidth > 0):
            raise InputError(f"kde: bandwidth must be a positive number, scott or silverman, not {self.bandwidth}")

    def check(self, event: tuple[int, ...]) -> None:
        if len(event) != 1:
            raise InputError(f"kde models points, and these rows have the shape {event}")

    def width(self, rows: int, dim: int) -> float:
        """Return h for a number of rows and dimensions."""
        if self.bandwidth == "scott":
            return float(rows ** (-1 / (dim + 4)))
        if self.bandwidth == "silverman":
            return float((rows * (dim + 2) / 4) ** (-1 / (dim + 4)))
        return float(self.bandwidth)

    def fit(self, training_set: TrainingSet, streams: Streams) -> StateWithRows:
        """Return the rows with mean (seeds, dim) and covariance (seeds, dim, dim) of the density."""
        seeds = len(streams.seeds)
        if training_set.positions is not None:
            training_set = _materialise(training_set, streams)
        moments = self._moments.compute(training_set, partial(Moments.of, seeds=seeds))
        dim = moments.mean.shape[1]
        kernel = self.width(moments.count, dim) ** 2 * np.eye(dim)
        arrays = {"mean": moments.mean, "covariance": moments.scatter / moments.count + kernel}
        return StateWithRows(arrays, training_set)

    def sample(self, state: StateWithRows, first: int, count: int, streams: Streams) -> np.ndarray:
        """Sample rows x_i + h z with i uniform and z standard normal, float64 (seeds, count, dim)."""
        rows, dim = state.training_set.count, state.arrays["mean"].shape[1]
        positions = (uniforms(first, count, self.block, streams, "row") * rows).astype(np.int64)
        samples = self.width(rows, dim) * normals(first, count, self.block, dim, streams)
        samples += TrainingSet(state.training_set.parts, positions).load()
        return samples

    def moments(self, state: StateWithRows) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and covariance of the density: the kernel adds h^2 to every variance of the rows (over N)."""
        return state.arrays["mean"], state.arrays["covariance"]

    def log_det(self, state: StateWithRows) -> np.ndarray:
        """Compute the log determinant of the density's covariance, float64 (seeds,)."""
        return cholesky_and_log_det(state.arrays["covariance"])[1]

    def log_prob(self, state: StateWithRows, points: np.ndarray) -> np.ndarray:
        """Compute the log density at points (count, dim), float64 (seeds, count).

        A repeated call with the same points evaluates the kernels of new rows only.
        """
        rows, (seeds, dim) = state.training_set.count, state.arrays["mean"].shape
        width = self.width(rows, dim)

        def sums_of(part: np.ndarray) -> np.ndarray:
            return np.broadcast_to(log_kernel_sums(part, points, width), (seeds, len(points)))

        key = (points.shape, points.tobytes(), width)
        sums = self._log_kernel_sums.compute(state.training_set, sums_of, key)
        log_densities: np.ndarray = sums - (log(rows) + dim * (log(width) + log(2 * pi) / 2))
        return log_densities


def _materialise(training_set: TrainingSet, streams: Streams) -> TrainingSet:
    """Load a subsample into one part in memory: its rows are read several times."""
    key = ("subsample", streams.generation, streams.seeds)
    return TrainingSet((Rows(REAL, (MemoryBlock(key, 0, training_set.load()),)),))
