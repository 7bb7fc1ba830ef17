"""Products of rows with themselves, from which least squares are solved; two sets merge without their rows."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Products:
    """Mean products of some rows' coordinates: of rows (x, y) they hold X'X, X'y and y'y, all over the count.

    Attributes:
        count: rows per seed.
        means: mean of r r' over rows r, float64 (seeds or 1, dim, dim).
    """

    count: int
    means: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray) -> "Products":
        """Products of rows (seeds or 1, count, dim)."""
        return cls(rows.shape[1], np.matmul(rows.transpose(0, 2, 1), rows) / rows.shape[1])

    def __add__(self, other: "Products") -> "Products":
        """Products of both together.

        Means rather than sums, moved by their difference: where rows of other y have the same x, as a batch that was
        relabelled has, X'X stays what it was to the last bit, and nothing that was derived from it need be again.
        """
        count = self.count + other.count
        return Products(count, self.means + (other.means - self.means) * (other.count / count))
