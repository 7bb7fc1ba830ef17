"""Cholesky factors of covariance matrices, including singular ones.

Functions import ``scipy.linalg``, which takes a fifth of a plan's time to import; a plan computes no factors.
"""

import numpy as np


def cholesky_and_log_det(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute factors A with A A' = Sigma and the log determinants of Sigma.

    A is the Cholesky factor, which is a continuous function of Sigma: two cells with similar models turn the same
    normals into similar rows. Where Sigma is singular to rounding, A is the pivoted Cholesky factor, whose columns
    beyond the rank of Sigma are zero: rows drawn with it lie in the span of Sigma.

    Args:
        covariance: float64 (seeds, dim, dim), symmetric and positive semidefinite.

    Returns:
        A, float64 (seeds, dim, dim), NaN for a seed whose covariance is not finite; and log det Sigma, float64
        (seeds,), minus infinity where the rank is below dim. Squared pivots below about dim * 1e-16 of the largest
        variance count as zero.
    """
    dim = covariance.shape[1]
    factors, log_dets = np.full(covariance.shape, np.nan), np.full(len(covariance), np.nan)
    finite = np.isfinite(covariance).all(axis=(1, 2))
    if dim == 1:
        factors[finite] = np.sqrt(covariance[finite])
        with np.errstate(divide="ignore"):
            log_dets[finite] = np.log(covariance[finite, 0, 0])
        return factors, log_dets
    from scipy.linalg import lapack

    pivots = np.full(covariance.shape[:2], np.nan)
    tolerance = dim * np.finfo(float).eps * covariance.diagonal(axis1=1, axis2=2)
    for seed in np.flatnonzero(finite):
        factor, info = lapack.dpotrf(covariance[seed], lower=1)
        diagonal = factor.diagonal()
        if info or (diagonal * diagonal <= tolerance[seed]).any():
            factor, diagonal = _pivoted_cholesky(covariance[seed])
        factors[seed], pivots[seed] = factor, diagonal
    with np.errstate(divide="ignore"):
        return factors, 2 * np.log(pivots).sum(axis=1)


def _pivoted_cholesky(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute a factor in the row order of the covariance, columns beyond the rank zero, and its pivots (dim,)."""
    from scipy.linalg import lapack

    permuted, permutation, rank, _ = lapack.dpstrf(covariance, lower=1)
    factor, pivots = np.zeros(permuted.shape), np.zeros(len(permuted))
    factor[permutation - 1, :rank] = np.tril(permuted[:, :rank])
    pivots[:rank] = permuted.diagonal()[:rank]
    return factor, pivots


class CholeskyCache:
    """Cache of the last ``cholesky_and_log_det``: sampling and measuring a model need the same factors."""

    def __init__(self) -> None:
        self._last: tuple[np.ndarray, tuple[np.ndarray, np.ndarray]] | None = None

    def factor(self, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``cholesky_and_log_det(covariance)``. The cache compares identities: the array must not change."""
        if self._last is None or self._last[0] is not covariance:
            self._last = (covariance, cholesky_and_log_det(covariance))
        return self._last[1]
