"""Kernel Inception Distance, an unbiased alternative to the Fréchet distance, comparable across numbers of rows."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import PairColumns, PairFunction
from raysc.metrics.core.metric import FeatureSets, Vectors
from raysc.metrics.core.offset import FAR, central_row
from raysc.metrics.distances.pair_metric import PairMetric

BLOCK = 2**22
"""Number of kernel values in memory at a time."""


@dataclass(frozen=True)
class Kid(PairMetric):
    """Squared maximum mean discrepancy, kernel (x'y/dim + 1)^3 (Binkowski et al. 2018, arXiv 1801.01401, Sec. 4).

    The unbiased estimate (their Eq. 4) over all rows, not averaged over random subsets: 0 on average for real rows, so
    it may be negative.
    """

    pair: ClassVar[PairColumns] = PairColumns("kid", "lower", "linear", aspect="risk")

    def function(self, sets: FeatureSets) -> PairFunction:
        return kernel_distance


def kernel_distance(generated: Vectors, real: Vectors) -> float:
    """Return the unbiased squared maximum mean discrepancy, mean k(x, x') + mean k(y, y') - 2 mean k(x, y)."""
    centre = real.cached(kernel_centre, lambda: kernel_centre(real.array))
    if centre is not None:
        return _centred_distance(generated, real, centre)
    cross = kernel_sum(generated.array, real.array) / (len(generated.array) * len(real.array))
    within_generated = generated.cached(kernel_mean_within, lambda: kernel_mean_within(generated.array))
    within_real = real.cached(kernel_mean_within, lambda: kernel_mean_within(real.array))
    return within_generated + within_real - 2 * cross


def kernel_mean_within(rows: np.ndarray) -> float:
    """Return the mean of k(x, x') over pairs of different rows of one set."""
    diagonal = np.power(np.square(rows).sum(axis=1) / rows.shape[1] + 1, 3).sum()
    return float((kernel_sum(rows, rows) - diagonal) / (len(rows) * (len(rows) - 1)))


def kernel_sum(x: np.ndarray, y: np.ndarray) -> float:
    """Return the sum of k(x, y) over all pairs of a row of ``x`` and a row of ``y``, computed in blocks."""
    step = max(1, BLOCK // len(y))
    total = 0.0
    for first in range(0, len(x), step):
        products = x[first : first + step] @ y.T
        products /= x.shape[1]
        products += 1
        total += float((products * products * products).sum())
    return total


def kernel_centre(rows: np.ndarray) -> np.ndarray | None:
    """Return the row nearest to the mean if the kernel is nearly constant over the rows, float64 (dim,), else None.

    That is the case if |c|^2 / dim + 1, the kernel's base at the centre c, exceeds FAR^2 mean squared deviations.
    """
    centre, spread = central_row(rows)
    return centre if np.square(centre).sum() + len(centre) > FAR**2 * spread else None


def _centred_distance(generated: Vectors, real: Vectors, centre: np.ndarray) -> float:
    """Return ``kernel_distance`` by the centred kernel, whose values do not cancel each other."""
    x, y = generated.array - centre, real.array - centre
    within_real = real.cached(_centred_mean_within, lambda: _centred_mean_within(y, centre))
    cross = centred_kernel_sum(x, y, centre) / (len(x) * len(y))
    return _centred_mean_within(x, centre) + within_real - 2 * cross


def _centred_mean_within(x: np.ndarray, centre: np.ndarray) -> float:
    """Return the mean of the centred kernel over pairs of different rows of one set, given less ``centre``."""
    dim = x.shape[1]
    projections = x @ centre / dim
    diagonal = _centred_kernel(np.square(x).sum(axis=1) / dim, projections, projections, _base(centre)).sum()
    return float((centred_kernel_sum(x, x, centre) - diagonal) / (len(x) * (len(x) - 1)))


def centred_kernel_sum(x: np.ndarray, y: np.ndarray, centre: np.ndarray) -> float:
    """Return the sum over all pairs of k(c + x, c + y) - k(c + x, c) - k(c, c + y) + k(c, c), c the centre.

    Terms of one row alone cancel in the discrepancy. Without them no value is larger than the differences of rows make
    it.
    """
    dim = x.shape[1]
    of_x, of_y, base = x @ centre / dim, y @ centre / dim, _base(centre)
    step = max(1, BLOCK // len(y))
    total = 0.0
    for first in range(0, len(x), step):
        block = slice(first, first + step)
        total += float(_centred_kernel(x[block] @ y.T / dim, of_x[block, None], of_y, base).sum())
    return total


def _base(centre: np.ndarray) -> float:
    """Return c'c / dim + 1."""
    return float(np.square(centre).sum() / len(centre) + 1)


def _centred_kernel(products: np.ndarray, of_x: np.ndarray, of_y: np.ndarray, base: float) -> np.ndarray:
    """Return (a + p + q + w)^3 - (a + p)^3 - (a + q)^3 + a^3, expanded so that the large terms are gone.

    Args:
        products: w = x'y / dim.
        of_x: p = c'x / dim.
        of_y: q = c'y / dim.
        base: a = c'c / dim + 1.
    """
    total = base + of_x + of_y
    values: np.ndarray = products * (3 * total**2 + 3 * total * products + products**2)
    values += 3 * of_x * of_y * (base + total)
    return values
