"""Variance that is kept by families whose mean and covariance are those of their training rows.

Such are the Gaussian with maximum likelihood (ddof 0) and, by rows that are unit vectors, the discrete distribution.
Each function gives the expected share of the variance that is left, E tr(Sigma_t) / tr(Sigma_0), which holds for every
entry of the covariance alike. Only the first two moments are used: exact whatever the truth's distribution.

What is lost of the variance is found in the error of the mean: under every regime here and at every generation

    E tr(Sigma_t) + E |mu_t - mu_0|^2 = tr(Sigma_0),

since a fit keeps the second moment of its rows about mu_0, whatever mixture or subsample they are, and rows drawn from
the model have that second moment in expectation.
"""

import numpy as np

from raysc.theory import Generations
from raysc.theory.mixing import error_around_the_real_mean


def mean_error(kept: np.ndarray) -> np.ndarray:
    """E |mu_t - mu_0|^2 / tr(Sigma_0) = 1 - E tr(Sigma_t) / tr(Sigma_0): the invariant above.

    Args:
        kept: the share of the variance, from a function below.
    """
    return np.asarray(1 - kept)


def replace(generations: Generations, n: int, m: int | None = None, n_0: int | None = None) -> np.ndarray:
    """Replace: (1 - 1/n_0) (1 - 1/m)^t, so (1 - 1/n)^(t+1) where all are equal.

    m rows of variance s have the expected variance (1 - 1/m) s about their own mean. Exact. A typical run lies far
    below this mean once t is of the order of m: see ``gaussian.replace_log_det``.

    Source: Kazdan et al. 2024, Gaussians.
    """
    t = np.asarray(generations)
    return np.asarray((1 - 1 / (n_0 or n)) * (1 - 1 / (m or n)) ** t)


def accumulate(generations: Generations, n: int, m: int | None = None) -> np.ndarray:
    """Accumulate: (1 - 1/n) times the product over j = 1..t of 1 - m / (n + j m)^2.

    For m = n this is the product over i = 1..t+1 of 1 - 1/(n i^2). Exact, for n_0 = n.

    Source: Kazdan et al. 2024, Gaussians.
    """
    m = n if m is None else m
    rows = n + m * np.arange(1, np.max(generations) + 1)
    kept = (1 - 1 / n) * np.cumprod(np.concatenate([[1.0], 1 - m / rows**2.0]))
    return np.asarray(kept[generations])


def accumulate_limit(n: int) -> float:
    """What accumulate keeps for ever: sin(pi / sqrt(n)) / (pi / sqrt(n)), so about 1 - pi^2 / (6 n).

    The limit of ``accumulate`` for m = n_0 = n. Source: Kazdan et al. 2024, Gaussians.
    """
    return float(np.sinc(1 / np.sqrt(n)))


def accumulate_subsample(generations: Generations, n: int) -> np.ndarray:
    """Accumulate-subsample: what the model keeps, (1 - 1/n) N/(N-1) a_k with N = k n rows in the pool.

    The n of N rows that are drawn have the expected variance (1 - 1/n) N/(N-1) times that of the pool, a_k. Exact, for
    m = n_0 = n and as many rows in a subsample.

    Source: Kazdan et al. 2024, Gaussians.
    """
    size = n * (np.asarray(generations) + 1)
    with np.errstate(invalid="ignore"):
        drawn = np.where(size > 1, (1 - 1 / n) * size / (size - 1), 1.0)
    return np.asarray(drawn * accumulate_subsample_pool(generations, n))


def accumulate_subsample_pool(generations: Generations, n: int) -> np.ndarray:
    """Accumulate-subsample: a_k, what the pool of all N = k n rows keeps that the model of generation t is drawn from.

    a_1 = 1 - 1/n; a_{k+1} = a_k {1 - [N/(N-1)] (2 - 1/k - 1/n) / (n (k+1)^2)}. Exact, as ``accumulate_subsample``; the
    squared error of the pool's mean is 1 - a_k.

    Source: Kazdan et al. 2024, Gaussians.
    """
    k = np.arange(1.0, np.max(generations) + 1)
    size = k * n
    # With one row there is no variance left to lose, and 0/0 to be avoided.
    with np.errstate(invalid="ignore", divide="ignore"):
        lost = np.where(size > 1, size / (size - 1), 0.0) * (2 - 1 / k - 1 / n) / (n * (k + 1) ** 2)
    kept = (1 - 1 / n) * np.cumprod(np.concatenate([[1.0], 1 - lost]))
    return np.asarray(kept[generations])


def mix(generations: Generations, n: int, m: int, n_0: int | None = None) -> np.ndarray:
    """Mix: s_t = 1 - 1/n - v_t, with v_t the ``mixing.error_around_the_real_mean``.

    Exact for every m >= 0 (0 is ``real_only``) and every n_0 <= n. Source: Bertrand et al. 2023, section 3, with the
    finite numbers of rows worked out.
    """
    return np.asarray(1 - 1 / n - error_around_the_real_mean(generations, n, m, n_0))
