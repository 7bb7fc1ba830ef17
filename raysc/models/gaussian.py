"""The multivariate normal, fitted in closed form: the family in which both papers prove what happens."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from raysc.errors import InputError
from raysc.models.family import Arrays
from raysc.models.moments import PooledMoments
from raysc.pool.rows import TrainingSet
from raysc.streams import Streams


@dataclass(frozen=True)
class Gaussian:
    """N(mu, Sigma) with full covariance; Sigma may be rank-deficient (fewer rows than dimensions).

    Everything is float64: under ``replace`` variances shrink by a factor a generation for hundreds of generations;
    float32 would end that at 1e-38, and lose the difference of rows and mean long before.

    Attributes:
        ddof: 0 divides the scatter by the number of rows (maximum likelihood), 1 by one less (unbiased).
    """

    ddof: Literal[0, 1] = 0
    _moments: PooledMoments = field(default_factory=PooledMoments, init=False, repr=False, compare=False)

    version: ClassVar[int] = 1
    trained: ClassVar[bool] = False
    block: ClassVar[int] = 1024

    def check(self, event: tuple[int, ...]) -> None:
        if len(event) != 1:
            raise InputError(f"gaussian models points, and these rows have the shape {event}")

    def fit(self, training_set: TrainingSet, streams: Streams) -> Arrays:
        """Mean (seeds, dim) and covariance (seeds, dim, dim), float64; NaN where one row has no variance."""
        moments = self._moments.of(training_set, len(streams.seeds))
        weight = moments.count - self.ddof
        scale = 1 / weight if weight > 0 else np.nan
        return {"mean": moments.mean, "covariance": moments.scatter * scale}

    def sample(self, state: Arrays, first: int, count: int, streams: Streams) -> np.ndarray:
        """Rows mu + A z with A A' = Sigma and z standard normal, float64 (seeds, count, dim)."""
        mean, root = state["mean"], _root(state["covariance"])
        rows: np.ndarray = _normals(first, count, self.block, mean.shape[1], streams) @ root.transpose(0, 2, 1)
        rows += mean[:, None]
        return rows


def _normals(first: int, count: int, block: int, dim: int, streams: Streams) -> np.ndarray:
    """Rows ``first`` to ``first + count`` of endless normals, (seeds, count, dim); each block has its own stream."""
    end = first + count
    starts = range(first - first % block, end, block)
    drawn = [streams.normal((min(block, end - start), dim), "sample", start // block) for start in starts]
    return np.concatenate(drawn, axis=1)[:, first - starts.start :]


def _root(covariance: np.ndarray) -> np.ndarray:
    """A with A A' = Sigma, (seeds, dim, dim), from eigenvalues, so that singular covariances have one too.

    A seed that diverged (NaN) keeps its NaN and does not disturb the others.
    """
    finite = np.isfinite(covariance).all(axis=(1, 2))
    values, vectors = np.linalg.eigh(np.where(finite[:, None, None], covariance, 0.0))
    root: np.ndarray = vectors * np.sqrt(np.clip(values, 0.0, None))[:, None, :]
    root[~finite] = np.nan
    return root
