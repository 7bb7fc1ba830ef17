"""Kernel density estimates with a Gaussian kernel of fixed width h.

The second moment of the fitted density about the truth's mean mu_0, per dimension, E|x - mu_0|^2 / d: that of its
training rows and h^2, the kernel's own. Exact in expectation, for any data with variance sigma^2 per dimension (the
mean of the variances, if they differ), any number of rows n_0 in generation 0, and subsamples of any size.

Source: Kazdan et al. 2024, kernel density estimates.
"""

import numpy as np

from raysc.theory import Generations


def replace(generations: Generations, variance: float, h: float) -> np.ndarray:
    """Replace: sigma^2 + k h^2 with k = t + 1, whatever the number of rows."""
    return np.asarray(variance + h**2 * (np.asarray(generations) + 1))


def accumulate(generations: Generations, variance: float, h: float, n: int = 1, m: int | None = None) -> np.ndarray:
    """Accumulate and accumulate-subsample: sigma^2 + h^2 (1 + the sum over j = 1..t of m / (n + j m)).

    For m = n, whatever n: sigma^2 + h^2 H_k, with H_k the harmonic number, so this "plateau" grows as h^2 ln t.
    """
    m = n if m is None else m
    each = m / (n + m * np.arange(1.0, np.max(generations) + 1))
    return np.asarray(variance + h**2 * np.cumsum(np.concatenate([[1.0], each]))[generations])
