"""Kernel Inception Distance, an unbiased alternative to the Fréchet distance, comparable across numbers of rows."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import PairColumns, features_setting
from raysc.metrics.core.metric import Column, Features, FeatureSets, Vectors

BLOCK = 2**22
"""Number of kernel values in memory at a time."""

PAIR = PairColumns("kid", "lower", "linear")


@dataclass(frozen=True)
class Kid:
    """Squared maximum mean discrepancy, kernel (x'y/dim + 1)^3 (Binkowski et al. 2018, arXiv 1801.01401, Sec. 4).

    The unbiased estimate (their Eq. 4) over all rows, not averaged over random subsets: 0 on average for real rows, so
    it may be negative.

    Attributes:
        features: the features that are compared; None: the data's default.
    """

    features: Features | None = None

    version: ClassVar[int] = 1
    min_rows: ClassVar[int] = 2

    @property
    def columns(self) -> tuple[Column, ...]:
        return PAIR.columns(features_setting(self.features))

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        return PAIR.values(sets, kernel_distance, features_setting(self.features))


def kernel_distance(generated: Vectors, real: Vectors) -> float:
    """Return the unbiased squared maximum mean discrepancy, mean k(x, x') + mean k(y, y') - 2 mean k(x, y)."""
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
