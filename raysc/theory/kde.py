"""Kernel density estimates with a Gaussian kernel of fixed width h.

The functions return the second moment of the fitted density about the truth's mean mu_0 per dimension,
E|x - mu_0|^2 / d: that of its training rows plus h^2 of the kernel. Exact in expectation, for any data with variance
sigma^2 per dimension (the mean of the variances, if they differ), any number of rows n_0 in generation 0, and
subsamples of any size.

Source: for the kernel density estimates of Kazdan et al. 2024.
"""

import numpy as np

from raysc.theory import Generations, counts


def replace(generations: Generations, variance: float, h: float) -> np.ndarray:
    """Return the second moment under replace: sigma^2 + k h^2 with k = t + 1, for any number of rows."""
    return np.asarray(variance + h**2 * (np.asarray(generations) + 1))


def accumulate(generations: Generations, variance: float, h: float, n: int = 1, m: int | None = None) -> np.ndarray:
    """Return the second moment under accumulate and accumulate-subsample.

    It is sigma^2 + h^2 (1 + the sum over j = 1..t of m / (n + j m)). For m = n and any n this is sigma^2 + h^2 H_k,
    with H_k the harmonic number, so the "plateau" grows as h^2 ln t.
    """
    m, _ = counts(n, m, n)
    terms = m / (n + m * np.arange(1.0, np.max(generations) + 1))
    return np.asarray(variance + h**2 * np.cumsum(np.concatenate([[1.0], terms]))[np.asarray(generations)])
