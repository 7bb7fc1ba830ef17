"""The Gaussian, fitted to Gaussian rows: determinants, standard deviations, and the unbiased covariance.

What the family has in common with others that keep mean and covariance of their rows is in ``moments``. Here the rows
must be normal: then the scatter of n of them is Wishart distributed with n - 1 degrees of freedom.
"""

import numpy as np
from scipy.special import digamma, gammaln

from raysc.theory import Generations


def replace_log_det(
    generations: Generations, n: int, dim: int = 1, m: int | None = None, n_0: int | None = None, ddof: int = 0
) -> np.ndarray:
    """Replace: E log(det Sigma_t / det Sigma_0), and with dim = 1 that of the logarithm of the variance.

    A fit of n rows adds, with d = dim,

        sum over j = 1..d of psi((n - j)/2) + d ln(2 / (n - ddof)),

    so k times that where n_0 = m = n. Below 0: the typical run loses its variance at this rate, much faster than the
    mean over runs. Exact, for n, m, n_0 > d.

    Source: Kazdan et al. 2024, Gaussians, with Bartlett's decomposition.

    Raises:
        ValueError: there are no more rows than dimensions, and every covariance is singular.
    """
    t = np.asarray(generations)
    return np.asarray(_log_det_of_one_fit(n_0 or n, dim, ddof) + t * _log_det_of_one_fit(m or n, dim, ddof))


def replace_det(
    generations: Generations, n: int, dim: int = 1, m: int | None = None, n_0: int | None = None, ddof: int = 0
) -> np.ndarray:
    """Replace: E (det Sigma_t / det Sigma_0), the product over j = 1..d of (n - j)/(n - ddof) for each fit of n rows.

    Exact; but soon a mean that no number of seeds shows, made of runs that are rarer than any: compare logarithms.

    Source: Kazdan et al. 2024, Gaussians.
    """

    def one_fit(rows: int) -> float:
        _check(rows, dim)
        return float(np.prod((rows - np.arange(1.0, dim + 1)) / (rows - ddof)))

    return np.asarray(one_fit(n_0 or n) * one_fit(m or n) ** np.asarray(generations))


def c4(n: int) -> float:
    """E of a sample's standard deviation (ddof 1) over the truth's: sqrt(2/(n-1)) Gamma(n/2) / Gamma((n-1)/2), n >= 2.

    Raises:
        ValueError: one row has no standard deviation.
    """
    _check(n, 1)
    return float(np.sqrt(2 / (n - 1)) * np.exp(gammaln(n / 2) - gammaln((n - 1) / 2)))


def replace_deviation(generations: Generations, n: int, m: int | None = None, n_0: int | None = None) -> np.ndarray:
    """Replace, dim 1, ddof 1: E sigma_t / sigma_0 = c4(n_0) c4(m)^t, so c4(n)^(t+1) where all are equal.

    Exact: sigma_t collapses, although E sigma_t^2 stays where it was.

    Source: Bertrand et al. 2023, section 3 (a Gaussian that sees its own samples alone).
    """
    return np.asarray(c4(n_0 or n) * c4(m or n) ** np.asarray(generations))


def replace_unbiased_mean_error(
    generations: Generations, n: int, m: int | None = None, n_0: int | None = None
) -> np.ndarray:
    """Replace, ddof 1: E |mu_t - mu_0|^2 / tr(Sigma_0) = 1/n_0 + t/m, so (t+1)/n; and E Sigma_t = Sigma_0.

    A random walk whose steps stay as large as they were, in the mean. Exact, in any dimension and for rows of any
    distribution, with n, m, n_0 >= 2.

    Source: Bertrand et al. 2023, section 3.
    """
    return np.asarray(1 / (n_0 or n) + np.asarray(generations) / (m or n))


def _log_det_of_one_fit(n: int, dim: int, ddof: int) -> float:
    _check(n, dim)
    return float(digamma((n - np.arange(1.0, dim + 1)) / 2).sum() + dim * np.log(2 / (n - ddof)))


def _check(n: int, dim: int) -> None:
    if n <= dim:
        raise ValueError(f"{n} rows have a singular covariance in {dim} dimensions; more rows than dimensions needed")
