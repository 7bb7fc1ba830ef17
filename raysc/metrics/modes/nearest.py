"""Nearest mode of each row, and values per seed of the metrics of known modes."""

from collections.abc import Callable

import numpy as np

from raysc.metrics.core.columns import values_of_generated
from raysc.metrics.core.metric import FeatureSets, Vectors

MODE_RADIUS = 3.0
"""Radius of a mode in standard deviations; in the plane all but 1.1 % of real rows lie within."""

ModeFunction = Callable[[np.ndarray, np.ndarray, int], float]
"""The metric of one seed, a function of each row's nearest mode, int64 (rows,), its distance from this mode in standard
deviations, float64 (rows,), and the number of modes."""


def nearest_modes(rows: Vectors, centres: np.ndarray, std: float) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest mode of each row, cached.

    Args:
        rows: (rows, dim).
        centres: centres of the modes, (modes, dim).
        std: standard deviation of each mode, per coordinate.

    Returns:
        Index of the nearest mode, int64 (rows,), and distance from its centre in standard deviations, float64 (rows,).
    """

    def compute() -> tuple[np.ndarray, np.ndarray]:
        squares = np.square(rows.array[:, None] - centres).sum(axis=2)
        nearest = squares.argmin(axis=1)
        return nearest, np.sqrt(squares[np.arange(len(nearest)), nearest]) / std

    return rows.cached(nearest_modes, compute)


def values_by_modes(function: ModeFunction, sets: FeatureSets) -> np.ndarray:
    """Return ``function`` of each seed's generated rows, float64 (seeds,), NaN where they are not finite.

    Args:
        function: the metric of one seed.
        sets: sets of data with ``modes``.
    """
    centres, std = sets.data.modes()
    return values_of_generated(lambda rows: function(*nearest_modes(rows, centres, std), len(centres)), sets)
