"""Gram matrices of rows, the sufficient statistics of least squares; those of two sets of rows merge."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class MeanGram:
    """Gram matrix of rows r over their number: of rows (x, y) it contains X'X, X'y and y'y, all over the count.

    Attributes:
        count: rows per seed.
        mean: mean of r r', float64 (seeds or 1, dim, dim).
    """

    count: int
    mean: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray) -> "MeanGram":
        """Compute the matrix of rows (seeds or 1, count, dim)."""
        return cls(rows.shape[1], np.matmul(rows.transpose(0, 2, 1), rows) / rows.shape[1])

    def __add__(self, other: "MeanGram") -> "MeanGram":
        """Merge the matrices of two sets of rows.

        Means are updated by their weighted difference instead of by sums. So where the other rows have the same x and
        new y, as a relabelled batch has, X'X keeps its bits, and results computed from it can be reused.
        """
        count = self.count + other.count
        return MeanGram(count, self.mean + (other.mean - self.mean) * (other.count / count))
