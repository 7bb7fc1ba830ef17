"""The kernel distance: like the Fréchet distance, but unbiased, so that it can be compared across row counts."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, Compared, Features, Vectors
from raysc.metrics.core.pairs import against_both, column_name, columns_against_both

BLOCK = 2**22
"""Kernel values held at once."""


@dataclass(frozen=True)
class Kid:
    """Squared maximum mean discrepancy, kernel (x'y/dim + 1)^3 (Binkowski et al. 2018, arXiv 1801.01401, Sec. 4).

    The unbiased estimate (their Eq. 4) over all rows, not averaged over random subsets: 0 on average for real rows, so
    it may be negative.

    Attributes:
        features: what is compared; the data's default if not set.
    """

    features: Features | None = None

    version: ClassVar[int] = 1
    least_rows: ClassVar[int] = 2

    @property
    def columns(self) -> tuple[Column, ...]:
        return columns_against_both(self._name, "lower", "linear")

    @property
    def _name(self) -> str:
        return column_name("kid", self.features)

    def measure(self, compared: Compared) -> dict[str, np.ndarray]:
        return against_both(self._name, compared, kernel_distance)


def kernel_distance(generated: Vectors, real: Vectors) -> float:
    """The unbiased squared maximum mean discrepancy of two sets of rows."""
    across = kernel_sum(generated.array, real.array) / (len(generated.array) * len(real.array))
    within = generated.once(kernel_mean_within, lambda: kernel_mean_within(generated.array))
    real_within = real.once(kernel_mean_within, lambda: kernel_mean_within(real.array))
    return within + real_within - 2 * across


def kernel_mean_within(rows: np.ndarray) -> float:
    """Mean kernel value over pairs of two different rows of one set."""
    itself = np.power(np.square(rows).sum(axis=1) / rows.shape[1] + 1, 3).sum()
    return float((kernel_sum(rows, rows) - itself) / (len(rows) * (len(rows) - 1)))


def kernel_sum(rows: np.ndarray, others: np.ndarray) -> float:
    """The kernel summed over all pairs of a row and an other, block by block."""
    step = max(1, BLOCK // len(others))
    total = 0.0
    for first in range(0, len(rows), step):
        products = rows[first : first + step] @ others.T
        products /= rows.shape[1]
        products += 1
        total += float((products * products * products).sum())
    return total
