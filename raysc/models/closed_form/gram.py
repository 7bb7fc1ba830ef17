"""Gram matrices of rows, the sufficient statistics of least squares; those of two sets of rows merge."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class MeanGram:
    """Gram matrix of rows r over their number: of rows (x, y) it contains X'X, X'y and y'y, all over the count.

    Attributes:
        count: rows per seed; of weighted rows the sums of the weights, float64 (seeds or 1, 1, 1).
        mean: mean of r r', float64 (seeds or 1, dim, dim).
    """

    count: int | np.ndarray
    mean: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray, weights: np.ndarray | None = None) -> "MeanGram":
        """Compute the matrix of rows (seeds or 1, count, dim) with weights (seeds or 1, count); None: 1 each."""
        if weights is not None:
            total = weights.sum(axis=1)[:, None, None]
            return cls(total, np.matmul((rows * weights[..., None]).transpose(0, 2, 1), rows) / total)
        return cls(rows.shape[1], np.matmul(rows.transpose(0, 2, 1), rows) / rows.shape[1])

    def __add__(self, other: "MeanGram") -> "MeanGram":
        """Merge the matrices of two sets of rows.

        Means are updated by their weighted difference instead of by sums. So where the other rows have the same x and
        new y, as a relabelled batch has, X'X keeps its bits, and results computed from it can be reused.
        """
        count = self.count + other.count
        return MeanGram(count, self.mean + (other.mean - self.mean) * (other.count / count))
