"""What distributions of points share: a place on a shape, and normal noise around it."""

from collections.abc import Callable, Sequence
from math import isfinite

import numpy as np

from raysc.errors import InputError
from raysc.streams import Streams

TEST_ROWS = 500
"""Held-out rows, as many as Kazdan et al. 2024 score."""

Shape = Callable[[np.ndarray], np.ndarray]
"""Two uniforms per row, (..., 2), to a place on the shape, (..., dim)."""


def draw_noisy(
    shape: Shape, dim: int, noise: float, seeds: Sequence[int], generation: int, purpose: str, count: int
) -> np.ndarray:
    """Rows of a noisy shape, float64 (seeds, count, dim); of one seed, fewer rows are a prefix of more.

    Args:
        shape: where rows lie without noise.
        dim: dimensions of a row.
        noise: standard deviation of the normal noise, per coordinate.
        seeds: the leading axis.
        generation: for which the rows are drawn.
        purpose: train, test or fresh: tells the draws apart.
        count: rows per seed.
    """
    # Two streams, so that fewer rows are a prefix of more.
    streams = Streams(tuple(seeds), generation)
    places = shape(streams.uniform((count, 2), "data", purpose, "place"))
    rows: np.ndarray = places + noise * streams.normal((count, dim), "data", purpose, "noise")
    return rows


def check_positive(name: str, rows: int, noise: float) -> None:
    """Refuse impossible parameters; InputError."""
    if rows < 1:
        raise InputError(f"{name}: rows must be at least 1, not {rows}")
    if not (isfinite(noise) and noise >= 0):
        raise InputError(f"{name}: noise must be a number of at least 0, not {noise}")
