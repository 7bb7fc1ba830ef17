"""Correlation of the normal variables behind columns of any margins, ties included, by the method of moments."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import ndtri

from raysc.models.closed_form.chunks import seed_chunks

MAX_CATEGORIES = 32
"""Most categories of a column with ties, for the pairs whose equation is solved; more are joined by rank."""

NEGLIGIBLE = 1e-3
"""Largest bias of the formula for columns without ties, as a correlation, where it is used for columns with ties."""

PANELS = 128
"""Panels of the integral over the angle, from 0 to pi/2: an error of rho below 2e-4."""


def latent_correlation(rows: np.ndarray) -> np.ndarray:
    """Estimate the correlation of z from rows x_j = g_j(z_j), with z normal and each g_j increasing, steps included.

    A column has as scores s the normal quantiles of its ranks, averaged over tied values: E(z | x). With
    q_j = mean(s_j^2), rho = mean(s_i s_j) / (q_i q_j) is consistent where one of the columns has no ties. Otherwise its
    bias is at most sqrt((1 - q_i) (1 - q_j) / (q_i q_j)): the terms beyond the first in Mehler's expansion of
    E(s_i s_j), by Cauchy and Schwarz. Where this bound is not negligible, ``_solve_pairs`` finds the rho at which
    E(s_i s_j) is mean(s_i s_j).

    Columns whose rare values hardly ever meet say little of a negative rho: the estimate is then noisy and can be -1,
    as can that of maximum likelihood.

    Args:
        rows: float64 (seeds, N, dim), finite.

    Returns:
        float64 (seeds, dim, dim), with ones on the diagonal and entries from -1 to 1. A column of one value has
        correlation 0 with all others. Since pairs are estimated one by one, eigenvalues may be negative.
    """
    count, dim = rows.shape[1:]
    quantiles = ndtri((np.arange(count) + 0.5) / count)
    quantiles /= max(np.sqrt(np.square(quantiles).mean()), 1e-300)  # 0 for a single row
    columns = rows.transpose(0, 2, 1)
    scores = np.empty(columns.shape)
    for seed, column in np.ndindex(scores.shape[:2]):
        scores[seed, column] = _tied_means(columns[seed, column], quantiles)
    moments = np.matmul(scores, scores.transpose(0, 2, 1)) / count
    squares = moments.diagonal(axis1=1, axis2=2)
    squares = np.where(squares > 1e-12, squares, np.inf)
    correlation: np.ndarray = np.clip(moments / (squares[:, :, None] * squares[:, None, :]), -1, 1)
    ties = np.sqrt(np.where(np.isinf(squares), 0, np.maximum(1 - squares, 0) / squares))
    solved = (ties[:, :, None] * ties[:, None, :] > NEGLIGIBLE) & ~np.eye(dim, dtype=bool)
    tied = np.flatnonzero(solved.any(axis=(0, 1)))
    categories = {column: Categories.of(columns[:, column], quantiles) for column in tied}
    for first, second in combinations(tied, 2):
        at = np.flatnonzero(solved[:, first, second])
        rho = _solve_pairs(categories[first].select(at), categories[second].select(at))
        correlation[at, first, second] = correlation[at, second, first] = rho
    correlation[:, range(dim), range(dim)] = 1
    return correlation


@dataclass(frozen=True)
class Categories:
    """One column, cut into at most ``MAX_CATEGORIES`` ordered categories, for all seeds.

    Attributes:
        scores: score of each row's category, float64 (seeds, N).
        thresholds: bounds of the categories as values of z, float64 (seeds, K - 1), increasing.
        steps: differences of the scores of neighbouring categories, float64 (seeds, K - 1); 0 beyond a seed's last.
    """

    scores: np.ndarray
    thresholds: np.ndarray
    steps: np.ndarray

    @staticmethod
    def of(columns: np.ndarray, quantiles: np.ndarray) -> "Categories":
        """Cut columns (seeds, N), with ``quantiles`` (N,) the scores of rows without ties."""
        codes = np.stack([_codes(column) for column in columns])
        scores = np.stack([_tied_means(column, quantiles) for column in codes])
        thresholds, steps = np.zeros((2, len(codes), MAX_CATEGORIES - 1))
        for seed, (code, score) in enumerate(zip(codes, scores, strict=True)):
            _, rows, counts = np.unique(code, return_index=True, return_counts=True)
            thresholds[seed, : len(rows) - 1] = ndtri(np.cumsum(counts)[:-1] / len(code))
            steps[seed, : len(rows) - 1] = np.diff(score[rows])
        used = steps.any(axis=0)
        return Categories(scores, thresholds[:, used], steps[:, used])

    def select(self, seeds: np.ndarray) -> "Categories":
        """Return the categories of some seeds, by their positions."""
        return Categories(self.scores[seeds], self.thresholds[seeds], self.steps[seeds])


def _codes(column: np.ndarray) -> np.ndarray:
    """Return categories of values, at most ``MAX_CATEGORIES``, in their order; equal values have one category."""
    _, inverse, counts = np.unique(column, return_inverse=True, return_counts=True)
    if len(counts) <= MAX_CATEGORIES:
        return inverse
    middles = (np.cumsum(counts) - counts / 2) / len(column)
    categories: np.ndarray = (middles * MAX_CATEGORIES).astype(np.int64)
    return categories[inverse]


def _solve_pairs(first: Categories, second: Categories) -> np.ndarray:
    """Return the rho of each seed, float64 (seeds,), at which E(s_1 s_2) is the mean over the rows.

    With steps u_a of s_1 at thresholds a, steps v_b of s_2 at thresholds b, rho = sin(theta) and Plackett's identity
    (1954) dP(z_1 > a, z_2 > b) / drho = phi_2(a, b; rho), the density,

        E(s_1 s_2) = sum_ab u_a v_b int_0^theta exp(-(a^2 + b^2 - 2 a b sin t) / (2 cos^2 t)) dt / (2 pi),

    which increases with theta. For two columns of two values it is the tetrachoric correlation, the maximum of the
    likelihood. Means that no rho reaches give -1 or 1.
    """
    mean = (first.scores * second.scores).mean(axis=1)
    sign = np.where(mean < 0, -1.0, 1.0)
    a, b = first.thresholds[:, None, :, None], (sign[:, None] * second.thresholds)[:, None, None, :]
    edges = np.linspace(0, np.pi / 2, PANELS + 1)
    middles = ((edges[1:] + edges[:-1]) / 2)[:, None, None]
    rho = np.empty(len(mean))
    for chunk in seed_chunks(len(mean), PANELS * a.shape[2] * b.shape[3]):
        exponents = (a[chunk] ** 2 + b[chunk] ** 2 - 2 * np.sin(middles) * a[chunk] * b[chunk]) / np.cos(middles) ** 2
        weights = first.steps[chunk, :, None] * second.steps[chunk, None, :]
        densities = np.einsum("sab,stab->st", weights, np.exp(-exponents / 2)) / (2 * np.pi)
        means = np.cumsum(densities, axis=1) * edges[1]
        for seed in range(len(means)):
            angle = np.interp(abs(mean[chunk][seed]), [0, *means[seed]], edges)
            rho[chunk.start + seed] = np.sin(angle)
    return sign * rho


def _tied_means(column: np.ndarray, quantiles: np.ndarray) -> np.ndarray:
    """Return the quantile of each value's rank, averaged over equal values."""
    _, inverse, counts = np.unique(column, return_inverse=True, return_counts=True)
    starts = np.cumsum(counts) - counts
    averages: np.ndarray = np.add.reduceat(quantiles, starts) / counts
    return averages[inverse]
