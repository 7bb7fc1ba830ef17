"""Sums of Gaussian kernels at fixed points, for many seeds at once."""

from collections.abc import Iterator

import numpy as np

ROWS = 128
"""Rows that are worked on at once: with some hundred points their exponents stay in a core's cache."""
FLOOR = -700.0
"""Exponents are not let below this: exp would give numbers that processors are slow with (and soon 0)."""
SMALLEST = 1e-290
"""A sum below this may be made of such floors; it is computed again, from the nearest row outwards."""


def log_kernel_sums(rows: np.ndarray, points: np.ndarray, width: float) -> np.ndarray:
    """Logarithm of the sum over rows x of exp(-|x - y|^2 / (2 h^2)), at every point y.

    float64 throughout: exponents reach -1e6 for narrow kernels, and float32 would keep one digit after the point.

    Args:
        rows: float64 (seeds, count, dim).
        points: float64 (points, dim).
        width: h > 0.

    Returns:
        float64 (seeds, points), finite however far the points lie.
    """
    seeds, count, _ = rows.shape
    # Distances do not change if both are moved, and their exponents are differences of smaller numbers near 0.
    centre = points.mean(axis=0)
    left, right = _left((rows - centre) / width), _right((points - centre) / width)
    sums = np.zeros((seeds, len(points)))
    for some, part in _blocks(seeds, count):
        block = left[some, part]
        exponents = block.reshape(-1, block.shape[2]) @ right
        if exponents.min() < FLOOR:
            np.maximum(exponents, FLOOR, out=exponents)
        np.exp(exponents, out=exponents)
        sums[some] += exponents.reshape(*block.shape[:2], -1).sum(axis=1)
    far = sums < SMALLEST
    logarithms = np.log(np.where(far, 1.0, sums))
    for seed in np.flatnonzero(far.any(axis=1)):
        logarithms[seed, far[seed]] = _from_the_nearest(left[seed], right[:, far[seed]])
    return logarithms


def _left(rows: np.ndarray) -> np.ndarray:
    """(x, -|x|^2 / 2, 1): times ``_right`` of y that is -|x - y|^2 / 2, so that one matrix product gives exponents."""
    squares = np.square(rows).sum(axis=-1, keepdims=True)
    return np.concatenate([rows, -squares / 2, np.ones_like(squares)], axis=-1)


def _right(points: np.ndarray) -> np.ndarray:
    squares = np.square(points).sum(axis=1)
    return np.vstack([points.T, np.ones_like(squares), -squares / 2])


def _blocks(seeds: int, count: int) -> Iterator[tuple[slice, slice]]:
    """Slices of seeds and rows of about ``ROWS`` rows: several seeds with few rows, or some rows of one seed."""
    together = max(1, ROWS // count)
    for seed in range(0, seeds, together):
        for first in range(0, count, ROWS):
            yield slice(seed, seed + together), slice(first, first + ROWS)


def _from_the_nearest(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The same for one seed and points that lie far from all rows: the largest exponent is taken out first."""
    total = np.full(right.shape[1], -np.inf)
    for first in range(0, len(left), ROWS):
        exponents = left[first : first + ROWS] @ right
        nearest = exponents.max(axis=0)
        exponents -= nearest
        np.maximum(exponents, FLOOR, out=exponents)
        np.exp(exponents, out=exponents)
        total = np.logaddexp(total, nearest + np.log(exponents.sum(axis=0)))
    return total
