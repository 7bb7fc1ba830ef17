"""The Gaussian copula: any margins, joined by the correlation of normal scores; the first family of tables."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from scipy.special import ndtr

from raysc.errors import InputError
from raysc.models.closed_form.cholesky import CholeskyCache
from raysc.models.closed_form.draws import normals
from raysc.models.closed_form.latent_correlation import latent_correlation
from raysc.models.family import Arrays
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams


@dataclass(frozen=True)
class GaussianCopula:
    """x_j = F_j^(-1)(Phi(z_j)) with z normal, F_j the empirical distribution of column j (Liu et al. 2009).

    The correlation of z is consistent for columns with and without ties, a pair of columns at a time, by
    ``latent_correlation``: for columns without ties that of normal scores, for columns of few values the polychoric
    correlation (Olsson 1979). Then negative eigenvalues are set to 0, and the diagonal is scaled to 1 again.

    Samples take values of the training rows only, column by column, so columns of codes and of numbers may stand side
    by side. Under ``replace`` values are lost and never return. The model keeps all its rows.
    """

    _cholesky: CholeskyCache = field(default_factory=CholeskyCache, init=False, repr=False, compare=False)

    version: ClassVar[int] = 2  # 2: a consistent correlation of columns with ties
    trained: ClassVar[bool] = False
    reads_rows_once: ClassVar[bool] = False
    retraining_jumps: ClassVar[bool] = True
    block: ClassVar[int] = 1024

    def check(self, event: tuple[int, ...]) -> None:
        if len(event) != 1:
            raise InputError(f"gaussian_copula models rows of columns, and these rows have the shape {event}")

    def fit(self, training_set: TrainingSet, streams: Streams) -> Arrays:
        """Return the sorted columns (seeds, rows, dim) and the correlation of z (seeds, dim, dim), both float64."""
        rows = np.asarray(training_set.load(), np.float64)
        finite = np.isfinite(rows).all(axis=(1, 2))
        correlation = np.full((len(rows), rows.shape[2], rows.shape[2]), np.nan)
        correlation[finite] = _without_negative_eigenvalues(latent_correlation(rows[finite]))
        seeds = len(streams.seeds)
        return {
            "values": np.broadcast_to(np.sort(rows, axis=1), (seeds, *rows.shape[1:])),
            "correlation": np.broadcast_to(correlation, (seeds, *correlation.shape[1:])),
        }

    def sample(self, state: Arrays, first: int, count: int, streams: Streams) -> np.ndarray:
        """Sample rows, float64 (seeds, count, dim)."""
        values, (factors, _) = state["values"], self._cholesky.factor(state["correlation"])
        number, dim = values.shape[1:]
        z = np.matmul(normals(first, count, self.block, dim, streams), factors.transpose(0, 2, 1))
        finite = np.isfinite(z)
        positions = np.minimum(ndtr(np.where(finite, z, 0.0)) * number, number - 1).astype(np.int64)
        return np.where(finite, np.take_along_axis(values, positions, axis=1), np.nan)


def _without_negative_eigenvalues(correlation: np.ndarray) -> np.ndarray:
    """Set negative eigenvalues of matrices (seeds, dim, dim) to 0, and scale the diagonals to 1."""
    eigenvalues, vectors = np.linalg.eigh(correlation)
    positive = (vectors * np.maximum(eigenvalues, 0)[:, None]) @ vectors.transpose(0, 2, 1)
    deviations = np.sqrt(positive.diagonal(axis1=1, axis2=2))
    scaled = positive / (deviations[:, :, None] * deviations[:, None, :])
    return np.where((eigenvalues[:, 0] < -1e-12)[:, None, None], scaled, correlation)
