"""Count, mean and scatter of rows, for all seeds at once; those of two sets of rows merge."""

from dataclasses import dataclass

import numpy as np

from raysc.models.closed_form.chunks import seed_chunks


@dataclass(frozen=True)
class Moments:
    """First and second moments of rows.

    Attributes:
        count: rows per seed.
        mean: float64 (seeds, dim).
        scatter: sum of (x - mean)(x - mean)', float64 (seeds, dim, dim).
    """

    count: int
    mean: np.ndarray
    scatter: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray, seeds: int) -> "Moments":
        """Compute the moments of rows (seeds or 1, count, dim); moments of shared rows are repeated for every seed.

        The mean is subtracted before squares are summed: under ``replace`` the spread shrinks far below the mean, and
        a difference of sums would be rounding error alone.
        """
        row_seeds, count, dim = rows.shape
        mean, scatter = np.empty((row_seeds, dim)), np.empty((row_seeds, dim, dim))
        weights = np.full((1, count), 1 / count)
        for chunk in seed_chunks(row_seeds, count * dim):
            mean[chunk] = (weights @ rows[chunk])[:, 0]
            centred = rows[chunk] - mean[chunk, None]
            # The rounding error of the mean: zero, unless rows lie far from 0 relative to their spread.
            correction = (weights @ centred)[:, 0]
            mean[chunk] += correction
            centred -= correction[:, None]
            np.matmul(centred.transpose(0, 2, 1), centred, out=scatter[chunk])
        if row_seeds == seeds:
            return cls(count, mean, scatter)
        return cls(count, np.repeat(mean, seeds, 0), np.repeat(scatter, seeds, 0))

    def __add__(self, other: "Moments") -> "Moments":
        """Merge the moments of two sets of rows (Chan, Golub and LeVeque 1979)."""
        count = self.count + other.count
        shift = other.mean - self.mean
        outer = shift[:, :, None] * shift[:, None, :]
        return Moments(
            count,
            self.mean + shift * (other.count / count),
            self.scatter + other.scatter + outer * (self.count * other.count / count),
        )
