"""The sliced Wasserstein distance: Wasserstein distances of shadows of the rows, in many directions."""

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, Compared, Features, Vectors
from raysc.metrics.core.pairs import against_both, column_name, columns_against_both
from raysc.rng import stream

DIRECTIONS = 128


@dataclass(frozen=True)
class SlicedWasserstein:
    """Root mean square of the Wasserstein-2 distances of the rows' projections (Bonneel et al. 2015).

    128 random directions, the same for every seed, generation and sweep. In the units of the rows. Samples of one
    distribution are some way apart too: the floor shows how far.

    Attributes:
        features: what is projected; the data's default if not set.
    """

    features: Features | None = None

    version: ClassVar[int] = 1
    least_rows: ClassVar[int] = 1

    @property
    def columns(self) -> tuple[Column, ...]:
        return columns_against_both(self._name, "lower", "log")

    @property
    def _name(self) -> str:
        return column_name("sliced_wasserstein", self.features)

    def measure(self, compared: Compared) -> dict[str, np.ndarray]:
        return against_both(self._name, compared, sliced_wasserstein)


def sliced_wasserstein(generated: Vectors, real: Vectors) -> float:
    """Sliced Wasserstein-2 of two sets of rows, all of a set weighing the same."""
    from ot import wasserstein_1d  # takes a second to import

    directions = _directions(generated.array.shape[1])
    shadow = generated.once(_directions, lambda: np.sort(directions @ generated.array.T))
    real_shadow = real.once(_directions, lambda: np.sort(directions @ real.array.T))
    if shadow.shape == real_shadow.shape:  # ten times faster than by quantiles
        return float(np.sqrt(np.square(shadow - real_shadow).mean()))
    return float(np.sqrt(wasserstein_1d(shadow.T, real_shadow.T, p=2, require_sort=False).mean()))


@cache
def _directions(dim: int) -> np.ndarray:
    """Unit vectors, float64 (directions, dim)."""
    drawn = stream(0, 0, "data", "sliced_wasserstein").standard_normal((DIRECTIONS, dim))
    units: np.ndarray = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return units
