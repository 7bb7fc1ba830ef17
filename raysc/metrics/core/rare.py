"""Rare outcomes: the tail of a discrete distribution."""

import numpy as np


def rare(weights: np.ndarray, mass: float) -> np.ndarray:
    """Return the indices of the least weights that sum to at most ``mass`` of all, int64, at least one.

    Args:
        weights: probabilities or counts, (outcomes,); outcomes of weight 0 are left out. Of equal weights the first
            come first.
        mass: share of the sum of the weights.
    """
    possible = np.flatnonzero(weights)
    order = possible[np.argsort(weights[possible], kind="stable")]
    # Sums of equal probabilities exceed their product by rounding.
    within = np.cumsum(weights[order]) <= mass * weights.sum() * (1 + 1e-9)
    return order[: max(1, int(within.sum()))]
