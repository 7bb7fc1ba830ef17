"""Count, mean and scatter of rows, for all seeds at once; those of two sets of rows merge."""

from dataclasses import dataclass

import numpy as np

from raysc.models.closed_form.chunks import seed_chunks


@dataclass(frozen=True)
class Moments:
    """First and second moments of rows.

    Attributes:
        count: rows per seed; of weighted rows the sums of the weights, float64 (seeds, 1).
        mean: float64 (seeds, dim).
        scatter: sum of (x - mean)(x - mean)', each with its weight, float64 (seeds, dim, dim).
        squares: sum of the squared weights, of the type of ``count``.
    """

    count: int | np.ndarray
    mean: np.ndarray
    scatter: np.ndarray
    squares: int | np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray, seeds: int, weights: np.ndarray | None = None) -> "Moments":
        """Compute the moments of rows (seeds or 1, count, dim); moments of shared rows are repeated for every seed.

        The mean is subtracted before squares are summed: under ``replace`` the spread shrinks far below the mean, and
        a difference of sums would be rounding error alone.

        Args:
            rows: the rows.
            seeds: number of seeds of the result.
            weights: float64 (seeds or 1, count); None: 1 each.
        """
        if weights is not None:
            return cls._of_weighted(rows, weights, seeds)
        row_seeds, count, dim = rows.shape
        mean, scatter = np.empty((row_seeds, dim)), np.empty((row_seeds, dim, dim))
        shares = np.full((1, count), 1 / count)
        for chunk in seed_chunks(row_seeds, count * dim):
            mean[chunk] = (shares @ rows[chunk])[:, 0]
            centred = rows[chunk] - mean[chunk, None]
            # The rounding error of the mean: zero, unless rows lie far from 0 relative to their spread.
            correction = (shares @ centred)[:, 0]
            mean[chunk] += correction
            centred -= correction[:, None]
            np.matmul(centred.transpose(0, 2, 1), centred, out=scatter[chunk])
        if row_seeds == seeds:
            return cls(count, mean, scatter, count)
        return cls(count, np.repeat(mean, seeds, 0), np.repeat(scatter, seeds, 0), count)

    @classmethod
    def _of_weighted(cls, rows: np.ndarray, weights: np.ndarray, seeds: int) -> "Moments":
        """Compute the moments of weighted rows, by the same steps."""
        total = weights.sum(axis=1, keepdims=True)
        shares = np.broadcast_to((weights / total)[:, None], (seeds, 1, weights.shape[1]))
        mean = np.matmul(shares, rows)[:, 0]
        centred = rows - mean[:, None]
        correction = np.matmul(shares, centred)[:, 0]
        centred -= correction[:, None]
        scatter = np.matmul((centred * weights[..., None]).transpose(0, 2, 1), centred)
        total, squares = (
            np.broadcast_to(sums, (seeds, 1)) for sums in (total, np.square(weights).sum(axis=1, keepdims=True))
        )
        return cls(total, mean + correction, scatter, squares)

    def __add__(self, other: "Moments") -> "Moments":
        """Merge the moments of two sets of rows (Chan, Golub and LeVeque 1979)."""
        count = self.count + other.count
        shift = other.mean - self.mean
        outer = shift[:, :, None] * shift[:, None, :]
        return Moments(
            count,
            self.mean + shift * (other.count / count),
            self.scatter + other.scatter + outer * _per_matrix(self.count * other.count / count),
            self.squares + other.squares,
        )

    @property
    def mean_scatter(self) -> np.ndarray:
        """The scatter over the count: the covariance with ``ddof`` 0."""
        return self.scatter / _per_matrix(self.count)

    def scale(self, ddof: int) -> float | np.ndarray:
        """Return 1 / (count - ddof), by which the scatter is the covariance: a number, or float64 (seeds, 1, 1).

        With weights w the divisor is sum w - ddof (sum w^2) / (sum w), which does not depend on their scale. NaN where
        it is not positive.
        """
        if isinstance(self.count, int):
            divisor = self.count - ddof
            return 1 / divisor if divisor > 0 else np.nan
        divisors = self.count - ddof * self.squares / self.count
        # A single row has a divisor of 0 up to rounding.
        positive = divisors > 1e-12 * self.count
        scales: np.ndarray = np.where(positive, 1 / np.where(positive, divisors, 1.0), np.nan)[..., None]
        return scales


def _per_matrix(factor: float | np.ndarray) -> float | np.ndarray:
    """Return a factor of matrices (seeds, dim, dim), from a number or (seeds, 1)."""
    return factor[..., None] if isinstance(factor, np.ndarray) else factor
