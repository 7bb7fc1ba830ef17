"""The Gaussian, fitted to Gaussian rows: determinants, standard deviations, and the unbiased covariance.

``moments`` has the results for all families that keep mean and covariance of their rows. The results here need normal
rows: the scatter matrix of n normal rows is Wishart distributed with n - 1 degrees of freedom.
"""

import numpy as np
from scipy.special import digamma, gammaln

from raysc.theory import Generations, counts


def replace_log_det(
    generations: Generations, n: int, dim: int = 1, m: int | None = None, n_0: int | None = None, ddof: int = 0
) -> np.ndarray:
    """Return E log(det Sigma_t / det Sigma_0) under replace; with dim = 1 the determinant is the variance.

    A fit of n rows adds, with d = dim,

        sum over j = 1..d of psi((n - j)/2) + d ln(2 / (n - ddof)),

    so k times this sum if n_0 = m = n. It is negative: the typical run loses its variance at this rate, much faster
    than the mean over runs. Exact, for n, m, n_0 > d.

    Source: for the Gaussians of Kazdan et al. 2024, by Bartlett's decomposition.

    Raises:
        ValueError: n <= d for some fit, and its covariance is singular.
    """
    m, n_0 = counts(n, m, n_0)
    first, later = (_log_det_per_fit(rows, dim, ddof) for rows in (n_0, m))
    return np.asarray(first + later * np.asarray(generations))


def replace_det(
    generations: Generations, n: int, dim: int = 1, m: int | None = None, n_0: int | None = None, ddof: int = 0
) -> np.ndarray:
    """Return E (det Sigma_t / det Sigma_0) under replace: per fit of n rows the product over j of (n - j)/(n - ddof).

    j = 1..d. Exact, but soon dominated by runs too rare for any number of seeds: compare logarithms instead.

    Source: for the Gaussians of Kazdan et al. 2024, by Bartlett's decomposition.
    """

    def factor(rows: int) -> float:
        _check(rows, dim)
        return float(np.prod((rows - np.arange(1.0, dim + 1)) / (rows - ddof)))

    m, n_0 = counts(n, m, n_0)
    return np.asarray(factor(n_0) * factor(m) ** np.asarray(generations))


def c4(n: int) -> float:
    """Return E of a sample's standard deviation (ddof 1) over the truth's: sqrt(2/(n-1)) Gamma(n/2) / Gamma((n-1)/2).

    Raises:
        ValueError: n < 2.
    """
    _check(n, 1)
    return float(np.sqrt(2 / (n - 1)) * np.exp(gammaln(n / 2) - gammaln((n - 1) / 2)))


def replace_deviation(generations: Generations, n: int, m: int | None = None, n_0: int | None = None) -> np.ndarray:
    """Return E sigma_t / sigma_0 under replace, dim 1, ddof 1: c4(n_0) c4(m)^t, so c4(n)^(t+1) if n_0 = m = n.

    Exact. sigma_t collapses, although E sigma_t^2 is constant.

    Source: for the fully synthetic loop of Bertrand et al. 2023.
    """
    m, n_0 = counts(n, m, n_0)
    return np.asarray(c4(n_0) * c4(m) ** np.asarray(generations))


def replace_unbiased_mean_error(
    generations: Generations, n: int, m: int | None = None, n_0: int | None = None
) -> np.ndarray:
    """Return E |mu_t - mu_0|^2 / tr(Sigma_0) under replace, ddof 1: 1/n_0 + t/m, so (t+1)/n if n_0 = m = n.

    mu_t is a random walk, and E Sigma_t = Sigma_0, so its mean squared step is constant. Exact, in any dimension and
    for rows of any distribution, with n, m, n_0 >= 2.

    Source: for the fully synthetic loop of Bertrand et al. 2023.
    """
    m, n_0 = counts(n, m, n_0)
    return np.asarray(1 / n_0 + np.asarray(generations) / m)


def _log_det_per_fit(n: int, dim: int, ddof: int) -> float:
    _check(n, dim)
    return float(digamma((n - np.arange(1.0, dim + 1)) / 2).sum() + dim * np.log(2 / (n - ddof)))


def _check(n: int, dim: int) -> None:
    if n <= dim:
        raise ValueError(f"{n} rows have a singular covariance in {dim} dimensions; use more rows than dimensions")
