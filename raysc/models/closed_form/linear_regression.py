"""Least squares that relabel their own rows: the linear regression of Kazdan et al. 2024, and ridge regression."""

from dataclasses import dataclass, field
from math import isfinite, log, pi
from typing import Any, ClassVar

import numpy as np

from raysc.datasets.dataset import SupportsTarget
from raysc.errors import InputError
from raysc.models.closed_form.chunks import seed_chunks
from raysc.models.closed_form.draws import normals
from raysc.models.closed_form.gram import MeanGram
from raysc.models.closed_form.incremental import IncrementalStatistics
from raysc.models.closed_form.inputs import RealInputs
from raysc.models.closed_form.whitening import WhiteningCache
from raysc.models.family import StateWithRows
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams


@dataclass(eq=False)
class LinearRegression:
    """y = x w + noise by least squares, without intercept, over rows (x, y), y last (Kazdan et al. 2024).

    A sample relabels the initial real rows: row i has the x of real row i mod n, and y = x w + noise with the standard
    deviation of the data's noise. So each seed draws x once; generations change w alone. With fewer rows than
    dimensions, w is the least-norm solution.

    With ``ridge`` kappa > 0 it is w = (X'X / N + kappa I)^-1 X'y / N over N rows (ridge regression). Each fit shrinks w
    along the eigenvectors of X'X / N by s / (s + kappa), s the eigenvalue, so under replace the target is forgotten.

    All values are float64. X'X and X'y merge, so that accumulate reads each row once, but they square the condition
    number of X, which is large where rows are about as many as dimensions; see ``whitening_matrices``.

    Attributes:
        ridge: kappa, the penalty on the squared length of w, in units of the mean squared error; 0: least squares.
        noise: standard deviation of the noise in samples, set by ``for_data``; None: the data have no target.

    Raises:
        InputError: ridge is not a number of at least 0.
    """

    ridge: float = 0.0
    noise: float | None = field(default=None, init=False)
    _gram: IncrementalStatistics[MeanGram] = field(
        default_factory=lambda: IncrementalStatistics(MeanGram.__add__), init=False, repr=False
    )
    _whitening: WhiteningCache = field(default_factory=WhiteningCache, init=False, repr=False)
    _inputs: RealInputs = field(default_factory=RealInputs, init=False, repr=False)

    # 2: normals come from SFC64.
    version: ClassVar[int] = 2
    trained: ClassVar[bool] = False
    honours_weights: ClassVar[bool] = True
    reads_rows_once: ClassVar[bool] = True
    block: ClassVar[int] = 1024

    def __post_init__(self) -> None:
        if not (isfinite(self.ridge) and self.ridge >= 0):
            raise InputError(f"linear_regression: ridge must be a number of at least 0, not {self.ridge:g}")

    def for_data(self, data: Any) -> "LinearRegression":
        """Return the family for a data set, with the noise of its target."""
        family = LinearRegression(self.ridge)
        family.noise = data.noise if isinstance(data, SupportsTarget) else None
        return family

    def check(self, event: tuple[int, ...]) -> None:
        if self.noise is None:
            raise InputError(
                "linear_regression relabels rows with the noise that their target has, and these data have no target; "
                "take data: linear"
            )

    def fit(self, training_set: TrainingSet, streams: Streams) -> StateWithRows:
        """Compute weights (seeds, dim); the state's rows are those of generation 0's source, for their x."""
        gram = self._gram.compute(training_set, MeanGram.of).mean
        covariance = gram[:, :-1, :-1]
        if self.ridge > 0:
            covariance = covariance + self.ridge * np.eye(covariance.shape[1])
        whitening = self._whitening.whitening(covariance)
        weights = np.matmul(whitening.transpose(0, 2, 1), np.matmul(whitening, gram[:, :-1, -1:]))[..., 0]
        weights = np.broadcast_to(weights, (len(streams.seeds), weights.shape[1]))
        return StateWithRows({"weights": weights}, self._inputs.rows(training_set, streams))

    def sample(self, state: StateWithRows, first: int, count: int, streams: Streams) -> np.ndarray:
        """Sample rows (x, x w + noise), float64 (seeds, count, dim + 1)."""
        assert self.noise is not None, "check refuses data without a target"
        weights, real = state.arrays["weights"], state.training_set.load()
        seeds, dim = weights.shape
        indices = np.arange(first, first + count) % real.shape[1]
        rows = np.empty((seeds, count, dim + 1))
        for chunk in seed_chunks(seeds, count * (dim + 1)):
            np.take(real[chunk] if len(real) > 1 else real, indices, axis=1, out=rows[chunk], mode="clip")
            noise = self.noise * normals(first, count, self.block, 1, streams.select_seeds(chunk))
            rows[chunk, :, -1:] = np.matmul(rows[chunk, :, :-1], weights[chunk, :, None]) + noise
        return rows

    def predict(self, state: StateWithRows, x: np.ndarray) -> np.ndarray:
        """Compute the targets x w, float64 (seeds, count), at x (count, dim)."""
        targets: np.ndarray = state.arrays["weights"] @ x.T
        return targets

    def log_prob(self, state: StateWithRows, points: np.ndarray) -> np.ndarray:
        """Compute the log density of y given x at rows (x, y), (count, dim + 1), float64 (seeds, count).

        Minus infinity without noise: then y given x is one number. The family models y alone, so x has no density.
        """
        assert self.noise is not None, "check refuses data without a target"
        residuals = points[:, -1] - self.predict(state, points[:, :-1])
        if self.noise == 0:
            return np.where(np.isnan(residuals), np.nan, -np.inf)
        log_densities: np.ndarray = -0.5 * np.square(residuals / self.noise) - log(self.noise) - 0.5 * log(2 * pi)
        return log_densities
