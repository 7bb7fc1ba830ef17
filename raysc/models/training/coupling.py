"""Couplings of noise and rows (x_0 and x_1 of flow matching) within a batch."""

from collections.abc import Callable

import numpy as np

Coupling = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(noise, rows), both float32 (batch, *event) -> order, int64 (batch,): noise[order[i]] is paired with row i."""


def optimal_transport(noise: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the order with the least sum of squared distances (Tong et al. 2024, arXiv 2302.00482, OT-CFM).

    Noise and rows have equal counts, so the optimal plan is a permutation: the pairs are all pairs of the plan, instead
    of draws from it with replacement. Rows that are not finite keep the order of the noise.
    """
    from ot import dist, emd  # the import takes a second

    count = len(rows)
    if not np.isfinite(rows).all():
        return np.arange(count)
    flat = rows.reshape(count, -1).astype(np.float64), noise.reshape(count, -1).astype(np.float64)
    order: np.ndarray = emd([], [], dist(*flat)).argmax(axis=1)
    return order
