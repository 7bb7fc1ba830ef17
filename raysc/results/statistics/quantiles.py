"""Quantiles of values of which some may be infinite."""

from collections.abc import Sequence

import numpy as np


def quantiles(values: np.ndarray, shares: Sequence[float]) -> np.ndarray:
    """Return quantiles by linear interpolation, float64 (shares,).

    Infinite values count by their order. A quantile between a finite and an infinite value is infinite, and there is
    none (NaN) between minus infinity and infinity.

    Args:
        values: float64 (values,); NaN is left out. Without any other value the quantiles are NaN.
        shares: from 0 to 1.
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return np.full(len(shares), np.nan)
    if np.isfinite(known).all():
        return np.asarray(np.quantile(known, shares))
    ordered = np.sort(known)
    return np.array([_between(ordered, share * (len(ordered) - 1)) for share in shares])


def _between(ordered: np.ndarray, position: float) -> float:
    """Return the value at a position, counted from 0, in sorted values."""
    below = int(position)
    low, high = float(ordered[below]), float(ordered[min(below + 1, len(ordered) - 1)])
    fraction = position - below
    if fraction == 0 or low == high:
        return low
    if np.isinf(low) or np.isinf(high):
        return low + high
    return low + fraction * (high - low)
