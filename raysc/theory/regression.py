"""Linear regression on its own labels: y = x'w + noise, the x of a run drawn once from N(0, I) and kept.

The excess test error is E (x'(w_t - w))^2 = |w_t - w|^2 over fresh x: the error against the target without noise. It is
sigma^2 tr((X'X)^-1) for one fit, in expectation sigma^2 d / (n - d - 1), and finite for n >= d + 2 only. Exact for
lambda = 1 and n_0 = n, where every batch has the same n rows x.

Source: Kazdan et al. 2024, linear regression.
"""

import numpy as np

from raysc.theory import Generations


def one_fit(n: int, dim: int, noise: float) -> float:
    """Sigma^2 d / (n - d - 1): generation 0's excess test error.

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
    """Replace: k times generation 0's, with k = t + 1: each fit adds its own error to the last one's."""
    return np.asarray(one_fit(n, dim, noise) * (np.asarray(generations) + 1.0))


def accumulate(generations: Generations, n: int, dim: int, noise: float) -> np.ndarray:
    """Accumulate: generation 0's times the sum over i = 1..k of 1/i^2, so never above pi^2/6 of it.

    The fit to k batches is the mean of what would be fitted to each, and the newest enters it with the weight 1/k.
    """
    growth = np.cumsum(1 / np.square(np.arange(1.0, np.max(generations) + 2)))
    return np.asarray(one_fit(n, dim, noise) * growth[generations])
