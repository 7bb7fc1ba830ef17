"""Least squares of least norm, for many seeds at once."""

import numpy as np
from scipy.linalg import lapack


def half_inverses(gram: np.ndarray) -> np.ndarray:
    """Matrices H with H'H the pseudo-inverse of G = X'X, so that H'(H c) is the w of least norm with G w = c.

    Where G has full rank H is the inverse of its Cholesky factor; else it comes from the Cholesky factor with pivots, A
    with A A' = G and as many columns as G has rank, as A's pseudo-inverse by QR. Either way an error of rounding grows
    by G's condition number, the square of X's. Near as many rows as dimensions that is 1e8 at times: float64 leaves
    half its digits, float32 would leave none.

    Args:
        gram: float64 (seeds, dim, dim), symmetric and not negative.

    Returns:
        H, float64 (seeds, dim, dim), rows beyond the rank zero; NaN for a seed whose G is not finite. Pivots below
        about dim * 1e-16 of the largest count as zero.
    """
    found = np.full(gram.shape, np.nan)
    finite = np.isfinite(gram).all(axis=(1, 2))
    least = gram.shape[1] * np.finfo(float).eps * gram.diagonal(axis1=1, axis2=2)
    for seed in np.flatnonzero(finite):
        factor, failed = lapack.dpotrf(gram[seed], lower=1)
        if failed or (np.square(factor.diagonal()) <= least[seed]).any():
            found[seed] = _of_lower_rank(gram[seed])
        else:
            found[seed], _ = lapack.dtrtri(factor, lower=1)
    return found


def _of_lower_rank(gram: np.ndarray) -> np.ndarray:
    made, order, rank, _ = lapack.dpstrf(gram, lower=1)
    factor = np.empty((len(made), rank))
    factor[order - 1] = np.tril(made)[:, :rank]
    orthogonal, upper = np.linalg.qr(factor)
    found = np.zeros(gram.shape)
    found[:rank], _ = lapack.dtrtrs(upper, orthogonal.T)
    return found


class LastHalves:
    """Remembers the half inverses that were asked for last: under replace and accumulate X'X / n never changes."""

    def __init__(self) -> None:
        self._last: tuple[np.ndarray, np.ndarray] | None = None

    def of(self, gram: np.ndarray) -> np.ndarray:
        """``half_inverses``, worked out again only where G is another."""
        if self._last is None or not np.array_equal(self._last[0], gram):
            self._last = (gram, half_inverses(gram))
        return self._last[1]
