"""Remaining variance of families whose mean and covariance are those of their training rows.

Examples are the Gaussian with maximum likelihood (ddof 0) and, with rows as unit vectors, the discrete distribution.
The functions return the expected share of the variance that remains, E tr(Sigma_t) / tr(Sigma_0); it is the same for
every entry of the covariance. They use the first two moments only, and are exact for any distribution of the truth.

Lost variance becomes error of the mean. Under every regime here and at every generation

    E tr(Sigma_t) + E |mu_t - mu_0|^2 = tr(Sigma_0),

since a fit has the second moment of its rows about mu_0, for any mixture or subsample, and rows drawn from the model
have that second moment in expectation.
"""

import numpy as np

from raysc.theory import Generations, counts
from raysc.theory.mixing import error_around_the_real_mean


def mean_error(variance_share: np.ndarray) -> np.ndarray:
    """Return E |mu_t - mu_0|^2 / tr(Sigma_0) = 1 - E tr(Sigma_t) / tr(Sigma_0): the invariant above.

    Args:
        variance_share: the share of the variance, from a function below.
    """
    return np.asarray(1 - variance_share)


def replace(generations: Generations, n: int, m: int | None = None, n_0: int | None = None) -> np.ndarray:
    """Return the share under replace: (1 - 1/n_0) (1 - 1/m)^t, so (1 - 1/n)^(t+1) if n_0 = m = n.

    m rows of variance s have the expected variance (1 - 1/m) s about their own mean. Exact. A typical run is far below
    this mean once t is of the order of m: see ``gaussian.replace_log_det``.

    Source: for the Gaussians of Kazdan et al. 2024.
    """
    m, n_0 = counts(n, m, n_0)
    return np.asarray((1 - 1 / n_0) * (1 - 1 / m) ** np.asarray(generations))


def accumulate(generations: Generations, n: int, m: int | None = None) -> np.ndarray:
    """Return the share under accumulate: (1 - 1/n) times the product over j = 1..t of 1 - m / (n + j m)^2.

    For m = n this is the product over i = 1..t+1 of 1 - 1/(n i^2). Exact, for n_0 = n.

    Source: for the Gaussians of Kazdan et al. 2024.
    """
    m, _ = counts(n, m, n)
    rows = n + m * np.arange(1, np.max(generations) + 1)
    share = (1 - 1 / n) * np.cumprod(np.concatenate([[1.0], 1 - m / rows**2.0]))
    return np.asarray(share[np.asarray(generations)])


def accumulate_limit(n: int) -> float:
    """Return the limit of the share under accumulate: sin(pi / sqrt(n)) / (pi / sqrt(n)), about 1 - pi^2 / (6 n).

    The limit of ``accumulate`` for m = n_0 = n. Source: for the Gaussians of Kazdan et al. 2024.
    """
    return float(np.sinc(1 / np.sqrt(n)))


def accumulate_subsample(generations: Generations, n: int) -> np.ndarray:
    """Return the share under accumulate-subsample: (1 - 1/n) N/(N-1) a_k with N = k n rows in the pool.

    A subsample of n of N rows has the expected variance (1 - 1/n) N/(N-1) times that of the pool, a_k. Exact, for
    m = n_0 = n and n rows in a subsample.

    Source: for the Gaussians of Kazdan et al. 2024.
    """
    size = n * (np.asarray(generations) + 1)
    with np.errstate(invalid="ignore"):
        subsample_share = np.where(size > 1, (1 - 1 / n) * size / (size - 1), 1.0)
    return np.asarray(subsample_share * accumulate_subsample_pool(generations, n))


def accumulate_subsample_pool(generations: Generations, n: int) -> np.ndarray:
    """Return a_k, the share in the pool of all N = k n rows that generation t subsamples, under accumulate-subsample.

    a_1 = 1 - 1/n; a_{k+1} = a_k {1 - [N/(N-1)] (2 - 1/k - 1/n) / (n (k+1)^2)}. Exact, as ``accumulate_subsample``; the
    squared error of the pool's mean is 1 - a_k.

    Source: for the Gaussians of Kazdan et al. 2024.
    """
    k = np.arange(1.0, np.max(generations) + 1)
    size = k * n
    # A pool of one row has no variance; avoid 0/0.
    with np.errstate(invalid="ignore", divide="ignore"):
        lost = np.where(size > 1, size / (size - 1), 0.0) * (2 - 1 / k - 1 / n) / (n * (k + 1) ** 2)
    share = (1 - 1 / n) * np.cumprod(np.concatenate([[1.0], 1 - lost]))
    return np.asarray(share[np.asarray(generations)])


def mix(generations: Generations, n: int, m: int, n_0: int | None = None) -> np.ndarray:
    """Return the share under mix: s_t = 1 - 1/n - v_t, with v_t the ``mixing.error_around_the_real_mean``.

    Exact for every m >= 0 (0 is ``real_only``) and every n_0 <= n. Source: for Bertrand et al. 2023.
    """
    return np.asarray(1 - 1 / n - error_around_the_real_mean(generations, n, m, n_0))
