"""Square roots of covariances, singular ones too."""

import numpy as np
from scipy.linalg import lapack


def roots(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matrices A with A A' = Sigma, and the logarithm of Sigma's determinant.

    A is the Cholesky factor, which depends on Sigma continuously: two cells whose models differ little turn the same
    normals into rows that differ little. Where Sigma is singular within rounding it is the Cholesky factor with
    pivots, whose columns beyond Sigma's rank are zero: rows drawn with it stay in Sigma's span.

    Args:
        covariance: float64 (seeds, dim, dim), symmetric and not negative.

    Returns:
        A, float64 (seeds, dim, dim), NaN for a seed whose covariance is not finite; and float64 (seeds,), minus
        infinity where the rank is below dim: eigenvalues below about dim * 1e-16 of the largest count as zero.
    """
    dim = covariance.shape[1]
    factors, logarithms = np.full(covariance.shape, np.nan), np.full(len(covariance), np.nan)
    finite = np.isfinite(covariance).all(axis=(1, 2))
    if dim == 1:
        factors[finite] = np.sqrt(covariance[finite])
        with np.errstate(divide="ignore"):
            logarithms[finite] = np.log(covariance[finite, 0, 0])
        return factors, logarithms
    pivots = np.full(covariance.shape[:2], np.nan)
    least = dim * np.finfo(float).eps * covariance.diagonal(axis1=1, axis2=2)
    for seed in np.flatnonzero(finite):
        factor, failed = lapack.dpotrf(covariance[seed], lower=1)
        own = factor.diagonal()
        if failed or (own * own <= least[seed]).any():
            factor, own = _pivoted(covariance[seed])
        factors[seed], pivots[seed] = factor, own
    with np.errstate(divide="ignore"):
        return factors, 2 * np.log(pivots).sum(axis=1)


def _pivoted(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A factor whose columns beyond the rank are zero, rows in the order of the covariance, and its pivots."""
    made, order, rank, _ = lapack.dpstrf(covariance, lower=1)
    factor, pivots = np.zeros(made.shape), np.zeros(len(made))
    factor[order - 1, :rank] = np.tril(made[:, :rank])
    pivots[:rank] = made.diagonal()[:rank]
    return factor, pivots


class LastRoots:
    """Remembers the roots of the covariances that were asked for last: a model is sampled, and then measured."""

    def __init__(self) -> None:
        self._last: tuple[np.ndarray, tuple[np.ndarray, np.ndarray]] | None = None

    def of(self, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """``roots`` of an array that nobody changes."""
        if self._last is None or self._last[0] is not covariance:
            self._last = (covariance, roots(covariance))
        return self._last[1]
