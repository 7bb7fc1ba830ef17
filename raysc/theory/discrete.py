"""The discrete distribution, fitted by counts: a Wright-Fisher model of population genetics under ``replace``.

Its heterozygosity 1 - sum p^2 is the probability that two rows differ, and the trace of the covariance of rows as unit
vectors. So the ratio of heterozygosity to the truth's follows the variance in ``moments``, under every regime there.

Source: for the discrete distributions of Kazdan et al. 2024, by the standard results on genetic drift.
"""

import numpy as np

from raysc.theory import Generations, moments


def heterozygosity(probabilities: np.ndarray) -> float:
    """Return 1 - sum p^2 of probabilities (K,): 1 - 1/K of equal ones."""
    return float(1 - np.square(probabilities).sum())


def replace(generations: Generations, n: int) -> np.ndarray:
    """Return E (1 - sum p_t^2) / (1 - sum p_0^2) under replace: (1 - 1/n)^k with k = t + 1. Exact."""
    return moments.replace(generations, n)


def accumulate(generations: Generations, n: int) -> np.ndarray:
    """Return the same ratio under accumulate: the product over i = 1..k of 1 - 1/(n i^2). Exact."""
    return moments.accumulate(generations, n)


def fits_to_collapse(n: int, outcomes: int) -> float:
    """Return the mean number of fits under replace until one outcome is left, about 2 n (K - 1) ln(K / (K - 1)).

    The start is K = ``outcomes`` equally likely outcomes. The result is the diffusion limit for many rows: 7 to 11 %
    too high at n = 10, 1 to 3.5 % at n = 100. It tends to 2 n as K grows.

    Raises:
        ValueError: there are fewer than two outcomes.
    """
    if outcomes < 2:
        raise ValueError(f"collapse needs at least 2 outcomes, got {outcomes}")
    return float(2 * n * (outcomes - 1) * np.log(outcomes / (outcomes - 1)))
