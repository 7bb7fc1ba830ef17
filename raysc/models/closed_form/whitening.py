"""Whitening matrices of Gram matrices, with which least squares are solved for many seeds at once.

Functions import ``scipy.linalg``, which takes a fifth of a plan's time to import; a plan computes no matrices.
"""

import numpy as np


def whitening_matrices(gram: np.ndarray) -> np.ndarray:
    """Compute matrices W with W'W the pseudo-inverse of G = X'X: W'(W c) is the least-norm solution w of G w = c.

    Where G has full rank, W is the inverse of its Cholesky factor. Elsewhere W is the pseudo-inverse, by QR, of the
    pivoted Cholesky factor A, with A A' = G and as many columns as the rank of G. Rounding errors grow by the condition
    number of G, the square of that of X. With nearly as many rows as dimensions it can reach 1e8: float64 keeps half
    its digits, float32 would keep none.

    Args:
        gram: float64 (seeds, dim, dim), symmetric and positive semidefinite.

    Returns:
        W, float64 (seeds, dim, dim), rows beyond the rank zero; NaN for a seed whose G is not finite. Squared pivots
        below about dim * 1e-16 of the largest diagonal entry count as zero.
    """
    from scipy.linalg import lapack

    whitening = np.full(gram.shape, np.nan)
    finite = np.isfinite(gram).all(axis=(1, 2))
    tolerance = gram.shape[1] * np.finfo(float).eps * gram.diagonal(axis1=1, axis2=2)
    for seed in np.flatnonzero(finite):
        factor, info = lapack.dpotrf(gram[seed], lower=1)
        if info or (np.square(factor.diagonal()) <= tolerance[seed]).any():
            whitening[seed] = _rank_deficient(gram[seed])
        else:
            whitening[seed], _ = lapack.dtrtri(factor, lower=1)
    return whitening


def _rank_deficient(gram: np.ndarray) -> np.ndarray:
    """Compute W of one singular G, (dim, dim)."""
    from scipy.linalg import lapack

    permuted, permutation, rank, _ = lapack.dpstrf(gram, lower=1)
    factor = np.empty((len(permuted), rank))
    factor[permutation - 1] = np.tril(permuted)[:, :rank]
    q, r = np.linalg.qr(factor)
    whitening = np.zeros(gram.shape)
    whitening[:rank], _ = lapack.dtrtrs(r, q.T)
    return whitening


class WhiteningCache:
    """Cache of the last ``whitening_matrices``: under replace and accumulate X'X / n never changes."""

    def __init__(self) -> None:
        self._last: tuple[np.ndarray, np.ndarray] | None = None

    def whitening(self, gram: np.ndarray) -> np.ndarray:
        """Return ``whitening_matrices(gram)``, computed only if the values of G changed."""
        if self._last is None or not np.array_equal(self._last[0], gram):
            self._last = (gram, whitening_matrices(gram))
        return self._last[1]
