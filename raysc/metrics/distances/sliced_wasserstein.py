"""Sliced Wasserstein distance, the mean of one-dimensional Wasserstein distances over random projections."""

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import PairColumns, PairFunction
from raysc.metrics.core.metric import FeatureSets, Vectors
from raysc.metrics.core.offset import offset, without_offset
from raysc.metrics.distances.pair_metric import PairMetric
from raysc.rng import stream

PROJECTIONS = 128


@dataclass(frozen=True)
class SlicedWasserstein(PairMetric):
    """Root mean square of the Wasserstein-2 distances of the rows' projections (Bonneel et al. 2015).

    128 random directions, the same for every seed, generation and sweep. In the units of the rows. The distance between
    two samples of one distribution is positive; the floor shows it.
    """

    pair: ClassVar[PairColumns] = PairColumns("sliced_wasserstein", "lower", "log", aspect="risk")
    min_rows: ClassVar[int] = 1

    def function(self, sets: FeatureSets) -> PairFunction:
        return sliced_wasserstein


def sliced_wasserstein(generated: Vectors, real: Vectors) -> float:
    """Return the sliced Wasserstein-2 distance of two sets of equally weighted rows."""
    from ot import wasserstein_1d  # takes a second to import

    shift = offset(real)
    projected, projected_real = _projections(generated, shift), _projections(real, shift)
    if projected.shape == projected_real.shape:  # ten times faster than by quantiles
        return float(np.sqrt(np.square(projected - projected_real).mean()))
    return float(np.sqrt(wasserstein_1d(projected.T, projected_real.T, p=2, require_sort=False).mean()))


def _projections(rows: Vectors, shift: np.ndarray) -> np.ndarray:
    """Return the sorted projections of the rows less ``shift``, float64 (PROJECTIONS, rows), cached."""

    def compute() -> np.ndarray:
        directions = projection_directions(rows.array.shape[1])
        return np.sort(directions @ without_offset(rows, shift).T)

    return rows.cached((projection_directions, shift.tobytes()), compute)


@cache
def projection_directions(dim: int) -> np.ndarray:
    """Return random unit vectors, float64 (PROJECTIONS, dim)."""
    normals = stream(0, 0, "data", "sliced_wasserstein").standard_normal((PROJECTIONS, dim))
    directions: np.ndarray = normals / np.linalg.norm(normals, axis=1, keepdims=True)
    return directions
