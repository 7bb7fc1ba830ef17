"""Linear regression on its own labels: y = x'w + noise, with the x of a run drawn once from N(0, I).

The excess test error is E (x'(w_t - w))^2 = |w_t - w|^2 over fresh x: the error against the target without noise. For
one fit it is sigma^2 tr((X'X)^-1), in expectation sigma^2 d / (n - d - 1), finite for n >= d + 2 only. Exact for
lambda = 1 and n_0 = n, where every batch has the same n rows x.

Source: for the linear regression of Kazdan et al. 2024; the bound by pi^2/6 is that of Gerstgrasser et al. 2024.
"""

import numpy as np

from raysc.theory import Generations


def one_fit(n: int, dim: int, noise: float) -> float:
    """Return the excess test error of generation 0: sigma^2 d / (n - d - 1).

    Args:
        n: rows.
        dim: d, entries of x.
        noise: sigma, the standard deviation of the labels' noise.

    Raises:
        ValueError: n is below d + 2, and the expectation is infinite.
    """
    if n < dim + 2:
        raise ValueError(f"{n} rows in {dim} dimensions: the expected error is finite from {dim + 2} rows on")
    return noise**2 * dim / (n - dim - 1)


def replace(generations: Generations, n: int, dim: int, noise: float) -> np.ndarray:
    """Return the excess test error under replace: k = t + 1 times generation 0's, since each fit adds its own error."""
    return np.asarray(one_fit(n, dim, noise) * (np.asarray(generations) + 1.0))


def accumulate(generations: Generations, n: int, dim: int, noise: float) -> np.ndarray:
    """Return the excess test error under accumulate: generation 0's times the sum over i = 1..k of 1/i^2.

    At most pi^2/6 times generation 0's. The fit to k batches is the mean of the fits to each, so the newest batch has
    the weight 1/k.
    """
    growth = np.cumsum(1 / np.square(np.arange(1.0, np.max(generations) + 2)))
    return np.asarray(one_fit(n, dim, noise) * growth[np.asarray(generations)])
