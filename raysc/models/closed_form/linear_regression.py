"""Least squares that relabel their own rows: the regression of Kazdan et al. 2024."""

from dataclasses import dataclass, field
from math import log, pi
from typing import Any, ClassVar

import numpy as np

from raysc.datasets.dataset import WithTarget
from raysc.errors import InputError
from raysc.models.closed_form.draws import normals, pieces
from raysc.models.closed_form.gram import Products
from raysc.models.closed_form.incremental import Pooled
from raysc.models.closed_form.least_squares import LastHalves
from raysc.models.family import WithRows
from raysc.pool.rows import MemoryBlock, Rows, TrainingSet
from raysc.rng import Streams


@dataclass(eq=False)
class LinearRegression:
    """y = x w + noise by least squares, without intercept, over rows (x, y), y last (Kazdan et al. 2024).

    A sample is the initial real rows relabelled: row i has the x of real row i mod n, and y = x w + noise of the data's
    own standard deviation. So x is drawn once per seed and kept; all that generations lose is w. With fewer rows than
    dimensions, w is the one of least norm.

    Everything is float64. X'X and X'y merge, so that accumulate reads each row once, but they square the condition
    number of X, which is large where rows are about as many as dimensions; see ``half_inverses``.

    Attributes:
        noise: standard deviation of the noise in samples: that of the data, which ``for_data`` tells.
    """

    noise: float | None = field(default=None, init=False)
    _products: Pooled[Products] = field(default_factory=lambda: Pooled(Products.__add__), init=False, repr=False)
    _halves: LastHalves = field(default_factory=LastHalves, init=False, repr=False)
    _kept: tuple[tuple[int, ...], Rows] | None = field(default=None, init=False, repr=False)

    # 2: normals come from SFC64.
    version: ClassVar[int] = 2
    trained: ClassVar[bool] = False
    remembers: ClassVar[bool] = True
    block: ClassVar[int] = 1024

    def for_data(self, data: Any) -> "LinearRegression":
        """The family for a data set, whose noise it then adds to what it predicts."""
        family = LinearRegression()
        family.noise = data.noise if isinstance(data, WithTarget) else None
        return family

    def check(self, event: tuple[int, ...]) -> None:
        if self.noise is None:
            raise InputError(
                "linear_regression relabels rows with the noise that their target has, and these data have no target; "
                "take data: linear"
            )

    def fit(self, training_set: TrainingSet, streams: Streams) -> WithRows:
        """Weights (seeds, dim), and the rows whose x are kept: the source's of generation 0."""
        if streams.generation == 0 or self._kept is None:
            self._kept = streams.seeds, training_set.parts[0].rows
        means = self._products.of(training_set, Products.of).means
        halves = self._halves.of(means[:, :-1, :-1])
        weights = np.matmul(halves.transpose(0, 2, 1), np.matmul(halves, means[:, :-1, -1:]))[..., 0]
        weights = np.broadcast_to(weights, (len(streams.seeds), weights.shape[1]))
        return WithRows({"weights": weights}, TrainingSet((self._rows_of(streams.seeds),)))

    def _rows_of(self, seeds: tuple[int, ...]) -> Rows:
        """The rows whose x are kept; some of the seeds may have ended since, and the others gone on without them."""
        assert self._kept is not None, "a fit came before"
        pack, rows = self._kept
        if pack != seeds and len(array := rows.load()) > 1:
            own = MemoryBlock((rows.key, seeds), 0, array[[pack.index(seed) for seed in seeds]])
            self._kept = seeds, Rows(rows.source, (own,))
        return self._kept[1]

    def sample(self, state: WithRows, first: int, count: int, streams: Streams) -> np.ndarray:
        """Rows (x, x w + noise), float64 (seeds, count, dim + 1)."""
        assert self.noise is not None, "data without a target were refused"
        weights, kept = state.arrays["weights"], state.training_set.load()
        seeds, dim = weights.shape
        own = np.arange(first, first + count) % kept.shape[1]
        rows = np.empty((seeds, count, dim + 1))
        for piece in pieces(seeds, count * (dim + 1)):
            np.take(kept[piece] if len(kept) > 1 else kept, own, axis=1, out=rows[piece], mode="clip")
            noise = self.noise * normals(first, count, self.block, 1, streams.of(piece))
            rows[piece, :, -1:] = np.matmul(rows[piece, :, :-1], weights[piece, :, None]) + noise
        return rows

    def predict(self, state: WithRows, x: np.ndarray) -> np.ndarray:
        """The targets x w, float64 (seeds, count), at x (count, dim)."""
        found: np.ndarray = state.arrays["weights"] @ x.T
        return found

    def log_prob(self, state: WithRows, points: np.ndarray) -> np.ndarray:
        """Log density of y given x at rows (x, y), (count, dim + 1), float64 (seeds, count).

        Minus infinity without noise: then y given x is one number. Of x there is no model, hence no density.
        """
        assert self.noise is not None, "data without a target were refused"
        off = points[:, -1] - self.predict(state, points[:, :-1])
        if self.noise == 0:
            return np.where(np.isnan(off), np.nan, -np.inf)
        found: np.ndarray = -0.5 * np.square(off / self.noise) - log(self.noise) - 0.5 * log(2 * pi)
        return found
