"""Offset of rows that lie far from the origin, subtracted before sums and products lose the digits of the spread."""

import numpy as np

from raysc.metrics.core.metric import Vectors

FAR = 100.0
"""Rows lie far from the origin if the norm of their mean exceeds this number of root mean square deviations."""


def offset(rows: Vectors) -> np.ndarray:
    """Return ``offset_of`` the rows, cached."""
    return rows.cached(offset, lambda: offset_of(rows.array))


def without_offset(rows: Vectors, vector: np.ndarray) -> np.ndarray:
    """Return the rows less a vector, float64 (rows, dim)."""
    return rows.array - vector if vector.any() else rows.array


def central_row(rows: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the row nearest to the mean, float64 (dim,), and the mean squared distance of the rows from it."""
    squares = np.square(rows - rows.mean(axis=0)).sum(axis=1)
    centre = rows[squares.argmin()].astype(np.float64)
    return centre, float(np.square(rows - centre).sum(axis=1).mean())


def offset_of(rows: np.ndarray) -> np.ndarray:
    """Return a vector near rows that lie far from the origin, float64 (dim,); 0 for all other rows.

    It is the row nearest to the mean, so that rows which are all equal have differences of exactly 0. Ordinary rows
    have the offset 0 and keep their values bit for bit.

    Args:
        rows: finite rows, (rows, dim).
    """
    centre, spread = central_row(rows)
    return centre if np.square(centre).sum() > FAR**2 * spread else np.zeros_like(centre)
