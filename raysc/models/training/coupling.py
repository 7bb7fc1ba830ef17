"""Couplings: which noise of a batch is paired with which row."""

from collections.abc import Callable

import numpy as np

Coupling = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From noise and rows, both float32 (batch, *event), the order int64 (batch,): noise[order[i]] meets row i."""


def optimal_transport(noise: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The order that makes the sum of squared distances least (Tong et al. 2024, arXiv 2302.00482, OT-CFM).

    Batches are as large on either side, so a plan between them is a permutation, and pairs are all of its instead of
    being drawn from it with replacement. Rows that are not finite are left with the noise that they have.
    """
    from ot import dist, emd  # takes a second, which nobody else should wait for

    count = len(rows)
    if not np.isfinite(rows).all():
        return np.arange(count)
    flat = rows.reshape(count, -1).astype(np.float64), noise.reshape(count, -1).astype(np.float64)
    order: np.ndarray = emd([], [], dist(*flat)).argmax(axis=1)
    return order
