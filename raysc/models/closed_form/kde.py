"""Kernel density estimates: the model consists of its training rows, each smoothed by a Gaussian kernel."""

from dataclasses import dataclass, field
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
from raysc.pool.rows import Part, Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from raysc.settings import Sample


@dataclass(frozen=True)
class Kde:
    """The mean of Gaussians N(x_i, h^2 I) around the N training rows x_i (Kazdan et al. 2024, section 2).

    A sample is a training row plus h times a standard normal. Metrics under ``accumulate`` cost O(T) for T
    generations: kernel sums at the held-out points and moments are kept for the rows of earlier generations. With a
    rule for h the kernel sums are computed anew, since h changes with the number of rows: then each measured
    generation evaluates as many kernels as it has rows.

    The model needs all its rows to sample, so they stay in memory. All values are float64. With weights the mean is a
    weighted one; a rule for h counts rows, whatever their weights.

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
    honours_weights: ClassVar[bool] = True
    reads_rows_once: ClassVar[bool] = False
    block: ClassVar[int] = 1024
    sample_settings: ClassVar[tuple[str, ...]] = ("temperature",)

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
        """Return the rows with the kernels' width (seeds,), and mean (seeds, dim) and covariance of the density."""
        seeds = len(streams.seeds)
        if training_set.positions is not None:
            training_set = _materialise(training_set, streams)
        moments = self._moments.compute(training_set, lambda rows, weights: Moments.of(rows, seeds, weights))
        dim = moments.mean.shape[1]
        width = self.width(training_set.count, dim)
        covariance = moments.mean_scatter + width**2 * np.eye(dim)
        arrays = {"mean": moments.mean, "covariance": covariance, "width": np.full(seeds, width)}
        return StateWithRows(arrays, training_set)

    def sampling_state(self, state: StateWithRows, sample: Sample) -> StateWithRows:
        """Return the density with kernels of width tau h, at ``temperature`` tau: rows x_i + tau h z.

        The rows x_i are picked as before, so 0 < tau < 1 draws nearer to training rows, not nearer to the mean.
        """
        if sample.temperature == 1:
            return state
        arrays, width = state.arrays, state.arrays["width"] * sample.temperature
        added = np.square(width) - np.square(arrays["width"])
        covariance = arrays["covariance"] + added[:, None, None] * np.eye(arrays["mean"].shape[1])
        return StateWithRows({**arrays, "width": width, "covariance": covariance}, state.training_set)

    def sample(self, state: StateWithRows, first: int, count: int, streams: Streams) -> np.ndarray:
        """Sample rows x_i + h z with i uniform and z standard normal, float64 (seeds, count, dim)."""
        rows, dim = state.training_set.count, state.arrays["mean"].shape[1]
        positions = _positions(uniforms(first, count, self.block, streams, "row"), rows, state.training_set.weights)
        samples: np.ndarray = state.arrays["width"][:, None, None] * normals(first, count, self.block, dim, streams)
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
        width = float(state.arrays["width"][0])  # the same for all seeds

        def sums_of(part: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
            return np.broadcast_to(log_kernel_sums(part, points, width, weights), (seeds, len(points)))

        key = (points.shape, points.tobytes(), width)
        sums = self._log_kernel_sums.compute(state.training_set, sums_of, key)
        weights = state.training_set.weights
        log_total = log(rows) if weights is None else np.log(weights.sum(axis=1, keepdims=True))
        log_densities: np.ndarray = sums - (log_total + dim * (log(width) + log(2 * pi) / 2))
        return log_densities


def _positions(uniform: np.ndarray, rows: int, weights: np.ndarray | None) -> np.ndarray:
    """Return the rows that uniform numbers (seeds, count) pick, int64: each with its share of the weights."""
    if weights is None:
        return np.asarray(uniform * rows, np.int64)
    ends = np.cumsum(weights, axis=1)
    picked = [
        np.searchsorted(seed_ends, seed_uniform * seed_ends[-1], side="right")
        for seed_ends, seed_uniform in zip(np.broadcast_to(ends, (len(uniform), rows)), uniform, strict=True)
    ]
    positions: np.ndarray = np.minimum(np.stack(picked), rows - 1)
    return positions


def _materialise(training_set: TrainingSet, streams: Streams) -> TrainingSet:
    """Load a subsample into one part in memory: its rows are read several times."""
    key = ("subsample", streams.generation, streams.seeds)
    rows = Rows(REAL, (MemoryBlock(key, 0, training_set.load()),))
    if training_set.weights is None:
        return TrainingSet((rows,))
    return TrainingSet((Part(rows, np.arange(rows.count)[None], "weighted", training_set.weights),))
