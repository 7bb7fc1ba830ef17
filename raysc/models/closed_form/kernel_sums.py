"""Sums of Gaussian kernels at fixed points, for many seeds at once."""

from collections.abc import Iterator

import numpy as np

BLOCK_ROWS = 128
"""Rows per block: their exponents at a few hundred points fit a core's cache."""
MIN_EXPONENT = -700.0
"""Lower clip of exponents: below it exp gives denormal numbers, which processors compute slowly, and then 0."""
MIN_SUM = 1e-290
"""Sums below this may consist of clipped terms; they are computed again with the largest exponent factored out."""


def log_kernel_sums(
    rows: np.ndarray, points: np.ndarray, width: float, weights: np.ndarray | None = None
) -> np.ndarray:
    """Compute log sum_x w_x exp(-|x - y|^2 / (2 h^2)) over rows x, at every point y.

    All values are float64: exponents reach -1e6 for narrow kernels, and float32 would keep one decimal place.

    Args:
        rows: float64 (seeds, count, dim).
        points: float64 (points, dim).
        width: h > 0.
        weights: float64 (seeds or 1, count), at least 0, some above 0; None: 1 each.

    Returns:
        float64 (seeds, points), finite at any distance of the points.
    """
    seeds, count, _ = rows.shape
    # Distances are invariant to a shift; near 0 the exponents are differences of smaller numbers.
    centre = points.mean(axis=0)
    left, right = _left_factor((rows - centre) / width), _right_factor((points - centre) / width)
    if weights is not None:
        left = np.array(np.broadcast_to(left, (max(seeds, len(weights)), *left.shape[1:])))
        # A weight shifts the exponents; a row of weight 0 gets a finite one below all that count.
        left[..., -2] += np.where(weights > 0, np.log(np.where(weights > 0, weights, 1.0)), -1e300)
        seeds = len(left)
    sums = np.zeros((seeds, len(points)))
    for seed_slice, row_slice in _blocks(seeds, count):
        block = left[seed_slice, row_slice]
        exponents = block.reshape(-1, block.shape[2]) @ right
        if exponents.min() < MIN_EXPONENT:
            np.maximum(exponents, MIN_EXPONENT, out=exponents)
        np.exp(exponents, out=exponents)
        sums[seed_slice] += exponents.reshape(*block.shape[:2], -1).sum(axis=1)
    distant = sums < MIN_SUM
    log_sums = np.log(np.where(distant, 1.0, sums))
    for seed in np.flatnonzero(distant.any(axis=1)):
        log_sums[seed, distant[seed]] = _log_sums_by_logsumexp(left[seed], right[:, distant[seed]])
    return log_sums


def _left_factor(rows: np.ndarray) -> np.ndarray:
    """Return (x, -|x|^2 / 2, 1): its product with ``_right_factor`` of y is -|x - y|^2 / 2, all exponents at once."""
    squares = np.square(rows).sum(axis=-1, keepdims=True)
    return np.concatenate([rows, -squares / 2, np.ones_like(squares)], axis=-1)


def _right_factor(points: np.ndarray) -> np.ndarray:
    """Return (y, 1, -|y|^2 / 2) as columns, float64 (dim + 2, points)."""
    squares = np.square(points).sum(axis=1)
    return np.vstack([points.T, np.ones_like(squares), -squares / 2])


def _blocks(seeds: int, count: int) -> Iterator[tuple[slice, slice]]:
    """Yield slices of seeds and rows: several seeds with few rows, or ``BLOCK_ROWS`` rows of one seed."""
    seeds_per_block = max(1, BLOCK_ROWS // count)
    for seed in range(0, seeds, seeds_per_block):
        for first in range(0, count, BLOCK_ROWS):
            yield slice(seed, seed + seeds_per_block), slice(first, first + BLOCK_ROWS)


def _log_sums_by_logsumexp(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Compute log sums of one seed at points far from all rows, with the largest exponent factored out."""
    total = np.full(right.shape[1], -np.inf)
    for first in range(0, len(left), BLOCK_ROWS):
        exponents = left[first : first + BLOCK_ROWS] @ right
        largest = exponents.max(axis=0)
        exponents -= largest
        np.maximum(exponents, MIN_EXPONENT, out=exponents)
        np.exp(exponents, out=exponents)
        total = np.logaddexp(total, largest + np.log(exponents.sum(axis=0)))
    return total
