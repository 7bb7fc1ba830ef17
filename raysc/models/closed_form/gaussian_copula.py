"""The Gaussian copula: any margins, joined by the correlation of normal scores; the first family of tables."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from scipy.special import ndtr, ndtri

from raysc.errors import InputError
from raysc.models.closed_form.cholesky import CholeskyCache
from raysc.models.closed_form.draws import normals
from raysc.models.family import Arrays
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams


@dataclass(frozen=True)
class GaussianCopula:
    """x_j = F_j^(-1)(Phi(z_j)) with z normal, F_j the empirical distribution of column j (Liu et al. 2009).

    A column of N rows has as scores s the normal quantiles of its ranks, averaged over tied values: E(z | x). For two
    columns the correlation of z is estimated by mean(s_i s_j) / (mean(s_i^2) mean(s_j^2)): the correlation of
    the scores without ties, and exact to first order in it for columns of few values, whose scores are less correlated
    than z.
    Estimates are cut to [-1, 1] and to the nearest matrix without negative eigenvalues.

    Samples take values of the training rows only, column by column, so columns of codes and of numbers may stand side
    by side. Under ``replace`` values are lost and never return. The model keeps all its rows.
    """

    _cholesky: CholeskyCache = field(default_factory=CholeskyCache, init=False, repr=False, compare=False)

    version: ClassVar[int] = 1
    trained: ClassVar[bool] = False
    reads_rows_once: ClassVar[bool] = False
    block: ClassVar[int] = 1024

    def check(self, event: tuple[int, ...]) -> None:
        if len(event) != 1:
            raise InputError(f"gaussian_copula models rows of columns, and these rows have the shape {event}")

    def fit(self, training_set: TrainingSet, streams: Streams) -> Arrays:
        """Return the sorted columns (seeds, rows, dim) and the correlation of z (seeds, dim, dim), both float64."""
        rows = np.asarray(training_set.load(), np.float64)
        correlation = np.stack([_correlation(of_seed) for of_seed in rows])
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


def _correlation(rows: np.ndarray) -> np.ndarray:
    """Estimate the correlation of z, float64 (dim, dim), from rows (N, dim); NaN if one of them is not finite."""
    count, dim = rows.shape
    if not np.isfinite(rows).all():
        return np.full((dim, dim), np.nan)
    quantiles = ndtri((np.arange(count) + 0.5) / count)
    quantiles /= max(np.sqrt(np.square(quantiles).mean()), 1e-300)  # 0 for a single row
    scores = np.stack([_average_ties(column, quantiles) for column in rows.T])
    moments = scores @ scores.T / count
    squares = np.where(moments.diagonal() > 1e-12, moments.diagonal(), np.inf)  # a column with one value: uncorrelated
    correlation: np.ndarray = np.clip(moments / np.outer(squares, squares), -1, 1)
    np.fill_diagonal(correlation, 1)
    eigenvalues, vectors = np.linalg.eigh(correlation)
    if eigenvalues[0] >= -1e-12:
        return correlation
    positive = (vectors * np.maximum(eigenvalues, 0)) @ vectors.T
    deviations = np.sqrt(positive.diagonal())
    nearest: np.ndarray = positive / np.outer(deviations, deviations)
    return nearest


def _average_ties(column: np.ndarray, quantiles: np.ndarray) -> np.ndarray:
    """Return the quantile of each value's rank, averaged over equal values."""
    _, inverse, counts = np.unique(column, return_inverse=True, return_counts=True)
    starts = np.cumsum(counts) - counts
    averages: np.ndarray = np.add.reduceat(quantiles, starts) / counts
    return averages[inverse]
