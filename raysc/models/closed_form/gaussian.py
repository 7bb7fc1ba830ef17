"""The multivariate normal, fitted in closed form: the family in which both papers prove what happens."""

from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Literal

import numpy as np

from raysc.errors import InputError
from raysc.models.closed_form.covariance_sqrt import LastRoots
from raysc.models.closed_form.draws import normals, pieces
from raysc.models.closed_form.incremental import Pooled
from raysc.models.closed_form.moments import Moments
from raysc.models.family import Arrays
from raysc.pool.rows import TrainingSet
from raysc.rng import Streams


@dataclass(frozen=True)
class Gaussian:
    """N(mu, Sigma) with full covariance; Sigma may be rank-deficient (fewer rows than dimensions).

    Everything is float64: under ``replace`` variances shrink by a factor a generation for hundreds of generations;
    float32 would end that at 1e-38, and lose the difference of rows and mean long before. Directions do not shrink
    alike: one whose variance falls below about 1e-16 of the largest is lost in float64 too, and Sigma is then singular.

    Attributes:
        ddof: 0 divides the scatter by the number of rows (maximum likelihood), 1 by one less (unbiased).
    """

    ddof: Literal[0, 1] = 0
    _moments: Pooled[Moments] = field(
        default_factory=lambda: Pooled(Moments.__add__), init=False, repr=False, compare=False
    )
    _roots: LastRoots = field(default_factory=LastRoots, init=False, repr=False, compare=False)

    # 2: rows are drawn by Cholesky factors, twenty times as fast as by eigenvectors. 3: normals come from SFC64.
    version: ClassVar[int] = 3
    trained: ClassVar[bool] = False
    remembers: ClassVar[bool] = True
    block: ClassVar[int] = 1024

    def check(self, event: tuple[int, ...]) -> None:
        if len(event) != 1:
            raise InputError(f"gaussian models points, and these rows have the shape {event}")

    def fit(self, training_set: TrainingSet, streams: Streams) -> Arrays:
        """Mean (seeds, dim) and covariance (seeds, dim, dim), float64; NaN where one row has no variance."""
        moments = self._moments.of(training_set, partial(Moments.of, seeds=len(streams.seeds)))
        weight = moments.count - self.ddof
        scale = 1 / weight if weight > 0 else np.nan
        return {"mean": moments.mean, "covariance": moments.scatter * scale}

    def sample(self, state: Arrays, first: int, count: int, streams: Streams) -> np.ndarray:
        """Rows mu + A z with A A' = Sigma and z standard normal, float64 (seeds, count, dim)."""
        mean, (factors, _) = state["mean"], self._roots.of(state["covariance"])
        seeds, dim = mean.shape
        rows = np.empty((seeds, count, dim))
        for piece in pieces(seeds, count * dim):
            drawn = normals(first, count, self.block, dim, streams.of(piece))
            np.matmul(drawn, factors[piece].transpose(0, 2, 1), out=rows[piece])
            rows[piece] += mean[piece, None]
        return rows

    def moments(self, state: Arrays) -> tuple[np.ndarray, np.ndarray]:
        """The fit itself."""
        return state["mean"], state["covariance"]

    def log_det(self, state: Arrays) -> np.ndarray:
        """Logarithm of Sigma's determinant, float64 (seeds,); minus infinity where Sigma is singular."""
        return self._roots.of(state["covariance"])[1]

    def log_prob(self, state: Arrays, points: np.ndarray) -> np.ndarray:
        """Log density at points (count, dim), float64 (seeds, count).

        Minus infinity where Sigma is singular: the model has no density, and points in general lie off its span.
        """
        factors, logarithms = self._roots.of(state["covariance"])
        found = np.empty((len(factors), len(points)))
        found[:] = np.where(np.isnan(logarithms), np.nan, -np.inf)[:, None]
        for seed in np.flatnonzero(np.isfinite(logarithms)):
            off = np.linalg.solve(factors[seed], (points - state["mean"][seed]).T)
            constant = logarithms[seed] + points.shape[1] * np.log(2 * np.pi)
            found[seed] = -0.5 * (constant + np.square(off).sum(axis=0))
        return found
