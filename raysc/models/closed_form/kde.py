"""Kernel density estimates: the model is its training rows, each blurred by a Gaussian."""

from dataclasses import dataclass, field
from functools import partial
from math import isfinite, log, pi
from typing import ClassVar, Literal

import numpy as np

from raysc.errors import InputError
from raysc.models.closed_form.covariance_sqrt import roots
from raysc.models.closed_form.draws import normals, uniforms
from raysc.models.closed_form.incremental import Pooled
from raysc.models.closed_form.kernel_sums import log_kernel_sums
from raysc.models.closed_form.moments import Moments
from raysc.models.family import WithRows
from raysc.pool.rows import MemoryBlock, Rows, TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams


@dataclass(frozen=True)
class Kde:
    """The mean of Gaussians N(x_i, h^2 I) around the N training rows x_i (Kazdan et al. 2024, section 2).

    A row is sampled by picking a training row and adding h times a standard normal. What metrics ask of it under
    ``accumulate`` costs O(T) for T generations: kernel sums at the held-out points and moments are remembered for the
    rows of earlier generations. With a rule for h they are not, since h changes with every row that is added: then
    each measured generation costs as many kernels as it has rows.

    The model needs all its rows to sample, so they stay in memory; float64, as its kernel sums are.

    Attributes:
        bandwidth: h, or a rule that gives it, from the number of rows N and of dimensions d alone (no scale of the
            data): scott, N^(-1/(d+4)), or silverman, (N (d+2)/4)^(-1/(d+4)).

    Raises:
        InputError: the bandwidth is not a positive number.
    """

    bandwidth: float | Literal["scott", "silverman"]
    _moments: Pooled[Moments] = field(
        default_factory=lambda: Pooled(Moments.__add__), init=False, repr=False, compare=False
    )
    _kernels: Pooled[np.ndarray] = field(
        default_factory=lambda: Pooled(np.logaddexp), init=False, repr=False, compare=False
    )

    # 2: normals come from SFC64.
    version: ClassVar[int] = 2
    trained: ClassVar[bool] = False
    remembers: ClassVar[bool] = False
    block: ClassVar[int] = 1024

    def __post_init__(self) -> None:
        if not isinstance(self.bandwidth, str) and not (isfinite(self.bandwidth) and self.bandwidth > 0):
            raise InputError(f"kde: bandwidth must be a positive number, scott or silverman, not {self.bandwidth}")

    def check(self, event: tuple[int, ...]) -> None:
        if len(event) != 1:
            raise InputError(f"kde models points, and these rows have the shape {event}")

    def width(self, rows: int, dim: int) -> float:
        """H of so many rows of so many dimensions."""
        if self.bandwidth == "scott":
            return float(rows ** (-1 / (dim + 4)))
        if self.bandwidth == "silverman":
            return float((rows * (dim + 2) / 4) ** (-1 / (dim + 4)))
        return float(self.bandwidth)

    def fit(self, training_set: TrainingSet, streams: Streams) -> WithRows:
        """The rows themselves, and mean (seeds, dim) and covariance (seeds, dim, dim) of the density."""
        seeds = len(streams.seeds)
        if training_set.positions is not None:
            training_set = _settled(training_set, streams)
        moments = self._moments.of(training_set, partial(Moments.of, seeds=seeds))
        dim = moments.mean.shape[1]
        kernel = self.width(moments.count, dim) ** 2 * np.eye(dim)
        arrays = {"mean": moments.mean, "covariance": moments.scatter / moments.count + kernel}
        return WithRows(arrays, training_set)

    def sample(self, state: WithRows, first: int, count: int, streams: Streams) -> np.ndarray:
        """Rows x_i + h z with i uniform and z standard normal, float64 (seeds, count, dim)."""
        rows, dim = state.training_set.count, state.arrays["mean"].shape[1]
        picked = (uniforms(first, count, self.block, streams, "row") * rows).astype(np.int64)
        drawn = self.width(rows, dim) * normals(first, count, self.block, dim, streams)
        drawn += TrainingSet(state.training_set.parts, picked).load()
        return drawn

    def moments(self, state: WithRows) -> tuple[np.ndarray, np.ndarray]:
        """Those of the density: the kernel adds h^2 to every variance of the rows (divided by N)."""
        return state.arrays["mean"], state.arrays["covariance"]

    def log_det(self, state: WithRows) -> np.ndarray:
        """Logarithm of the determinant of the density's covariance, float64 (seeds,)."""
        return roots(state.arrays["covariance"])[1]

    def log_prob(self, state: WithRows, points: np.ndarray) -> np.ndarray:
        """Log density at points (count, dim), float64 (seeds, count); the same points cost no more than new rows."""
        rows, (seeds, dim) = state.training_set.count, state.arrays["mean"].shape
        width = self.width(rows, dim)

        def sums(of: np.ndarray) -> np.ndarray:
            return np.broadcast_to(log_kernel_sums(of, points, width), (seeds, len(points)))

        found = self._kernels.of(state.training_set, sums, (points.shape, points.tobytes(), width))
        normal: np.ndarray = found - (log(rows) + dim * (log(width) + log(2 * pi) / 2))
        return normal


def _settled(training_set: TrainingSet, streams: Streams) -> TrainingSet:
    """A subsample as a part of its own: its rows are looked at more than once."""
    key = ("subsample", streams.generation, streams.seeds)
    return TrainingSet((Rows(REAL, (MemoryBlock(key, 0, training_set.load()),)),))
