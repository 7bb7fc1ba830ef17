"""Coupled Gaussian models: exact first and second moments of their means and variances.

The means follow theta_t = (1 - beta) y + diag(beta) W theta_(t-1) + noise (Vu et al. 2025 and the networked loops of
2026, both known second hand; the moments were derived here). y are the means of the real rows, which stay the same.
All models are fitted by mean and covariance (ddof 0) of n real rows, or none, and the n rows that they read.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raysc.theory.graphs import Matrix


@dataclass(frozen=True)
class CoupledGaussians:
    """Moments of coupled Gaussian models of one generation, per coordinate.

    Attributes:
        rows: n, the number of real rows and of the rows that every model samples.
        truth: means of the models' data, K numbers; the variance of the data is 1.
        keeps: for every model, True if it trains on its real rows in all generations.
        reads_rows: for every model, True if it trains on n rows that it reads, from generation 1 on.
        reads: W, in exact counts: model i reads n W[i][j] rows of model j.
        pooled: one model reads each row; otherwise the models draw by themselves which rows they read.
        common: all models have the same real rows.
    """

    rows: int
    truth: Sequence[float]
    keeps: Sequence[bool]
    reads_rows: Sequence[bool]
    reads: Matrix
    pooled: bool = False
    common: bool = False

    def moments(self, generations: int) -> "list[Moments]":
        """Return the moments of generations 0 to ``generations``."""
        truth, w = np.asarray(self.truth, float), np.asarray(self.reads)
        of_real, shares = self._shares()
        covariance = np.full((len(truth),) * 2, 1.0) if self.common else np.eye(len(truth))
        real = np.outer(truth, truth) + covariance / self.rows
        moments = [Moments(truth, real, np.full(len(truth), 1 - 1 / self.rows))]
        with_real = real
        for _ in range(generations):
            last = moments[-1]
            mean = of_real * truth + shares * (w @ last.mean)
            cross = shares[:, None] * (w @ with_real)  # E theta_i y_k, but for the real rows of model i itself
            with_real = of_real[:, None] * real + cross
            mixed = cross * of_real[None]
            read = w @ last.product @ w.T + self._noise(w, last.variance)
            product = np.outer(of_real, of_real) * real + mixed + mixed.T + np.outer(shares, shares) * read
            squares = w @ (last.variance + np.diag(last.product))
            variance = of_real * (1 + truth**2) + shares * squares - np.diag(product)
            moments.append(Moments(mean, product, variance))
        return moments

    def _shares(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the shares of real and of synthetic rows in the training set of each model."""
        keeps, reads_rows = np.asarray(self.keeps, float), np.asarray(self.reads_rows, float)
        return keeps / (keeps + reads_rows), reads_rows / (keeps + reads_rows)

    def _noise(self, w: np.ndarray, variance: np.ndarray) -> np.ndarray:
        """Return the covariance of the means of the rows that the models read, given the models.

        Model i and model k read row r both from model j with probability W[i][j] W[k][j], or never if rows are pooled.
        """
        noise = np.zeros_like(w) if self.pooled else (w * variance) @ w.T
        np.fill_diagonal(noise, w @ variance)
        return noise / self.rows


@dataclass(frozen=True)
class Moments:
    """Expectations over seeds of coupled Gaussian models, per coordinate.

    Attributes:
        mean: E theta_i, float64 (K,).
        product: E theta_i theta_k, float64 (K, K).
        variance: E of the fitted variances, float64 (K,).
    """

    mean: np.ndarray
    product: np.ndarray
    variance: np.ndarray

    def mean_error(self, truth: Sequence[float]) -> np.ndarray:
        """Return E (theta_i - truth_i)^2, float64 (K,)."""
        mu = np.asarray(truth, float)
        error: np.ndarray = np.diag(self.product) - 2 * mu * self.mean + mu**2
        return error

    def diversity(self, rows: int) -> float:
        """Return E sum_i (m_i - m)^2 / K of the means m_i of ``rows`` samples of each model, and their mean m."""
        product = self.product + np.diag(self.variance) / rows
        return float(np.trace(product) / len(product) - product.mean())
