"""Couplings of noise and rows (x_0 and x_1 of flow matching) within a batch."""

from collections.abc import Callable

import numpy as np

Pairs = tuple[np.ndarray, np.ndarray]
"""Positions (i, j), each int64 (batch,): noise[i[k]] and rows[j[k]] are the k-th pair."""
Coupling = Callable[[np.ndarray, np.ndarray, np.random.Generator], Pairs]
"""(noise, rows, generator) -> pairs; noise and rows are float32 (batch, *event)."""


def optimal_transport(noise: np.ndarray, rows: np.ndarray, rng: np.random.Generator | None = None) -> Pairs:
    """Return the pairs with the least sum of squared distances (Tong et al. 2024, arXiv 2302.00482, OT-CFM).

    Noise and rows have equal counts, so the optimal plan is a permutation: the pairs are all pairs of the plan, and the
    rows keep their order. Rows that are not finite keep the order of the noise. The solver is the network simplex of
    Bonneel et al. 2011 in POT, which is exact and releases Python's global lock.
    """
    from ot import dist, emd  # the import takes a second

    count = len(rows)
    order = np.arange(count)
    if not np.isfinite(rows).all():
        return order, order
    flat = rows.reshape(count, -1).astype(np.float64), noise.reshape(count, -1).astype(np.float64)
    plan = emd([], [], dist(*flat), center_dual=False, check_marginals=False)
    return plan.argmax(axis=1), order


def drawn_optimal_transport(noise: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> Pairs:
    """Draw pairs of the optimal plan with replacement, as the authors' library torchcfm does.

    Some pairs of the plan occur several times in the batch, and about 1/e of them not at all.
    """
    noise_positions, row_positions = optimal_transport(noise, rows)
    drawn = rng.integers(len(rows), size=len(rows))
    return noise_positions[drawn], row_positions[drawn]
