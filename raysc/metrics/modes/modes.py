"""Modes: what metrics of data with known modes share."""

from collections.abc import Callable

import numpy as np

from raysc.metrics.core.metric import Compared, Vectors

NEAR = 3.0
"""A row belongs to a mode if it lies within so many standard deviations: in the plane all but 1.1 % of real rows do."""


def distances(rows: Vectors, centres: np.ndarray, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """The nearest mode of each row, int64 (rows,), and its distance in standard deviations, float64 (rows,)."""

    def find() -> tuple[np.ndarray, np.ndarray]:
        squares = np.square(rows.array[:, None] - centres).sum(axis=2)
        nearest = squares.argmin(axis=1)
        return nearest, np.sqrt(squares[np.arange(len(nearest)), nearest]) / spread

    return rows.once(distances, find)


def per_seed(compared: Compared, value: Callable[[np.ndarray, np.ndarray, int], float]) -> np.ndarray:
    """A number per seed, float64 (seeds,), NaN where rows are not finite.

    Args:
        compared: its data set has ``modes``.
        value: from the nearest mode of each row, its distance in standard deviations, and the number of modes.
    """
    centres, spread = compared.data.modes()
    found = [
        value(*distances(rows, centres, spread), len(centres)) if rows.finite else np.nan for rows in compared.generated
    ]
    return np.array(found, np.float64)
