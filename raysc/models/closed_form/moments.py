"""Count, mean and scatter of rows, for all seeds at once; two parts merge without looking at their rows again."""

from dataclasses import dataclass

import numpy as np

from raysc.models.closed_form.draws import pieces


@dataclass(frozen=True)
class Moments:
    """First and second moments of some rows.

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
        """Moments of rows (seeds or 1, count, dim); rows that all seeds share have one set of moments, given to each.

        The mean is taken out before squares are summed: under ``replace`` the spread shrinks far below the mean, and a
        difference of sums would be rounding alone.
        """
        own, count, dim = rows.shape
        mean, scatter = np.empty((own, dim)), np.empty((own, dim, dim))
        weights = np.full((1, count), 1 / count)
        for piece in pieces(own, count * dim):
            mean[piece] = (weights @ rows[piece])[:, 0]
            centred = rows[piece] - mean[piece, None]
            # What the rounding of the mean left: nothing, unless rows lie far from 0 for their spread.
            rest = (weights @ centred)[:, 0]
            mean[piece] += rest
            centred -= rest[:, None]
            np.matmul(centred.transpose(0, 2, 1), centred, out=scatter[piece])
        if own == seeds:
            return cls(count, mean, scatter)
        return cls(count, np.repeat(mean, seeds, 0), np.repeat(scatter, seeds, 0))

    def __add__(self, other: "Moments") -> "Moments":
        """Moments of both together (Chan, Golub and LeVeque 1979)."""
        count = self.count + other.count
        shift = other.mean - self.mean
        outer = shift[:, :, None] * shift[:, None, :]
        return Moments(
            count,
            self.mean + shift * (other.count / count),
            self.scatter + other.scatter + outer * (self.count * other.count / count),
        )
