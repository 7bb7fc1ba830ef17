"""The sliced Wasserstein distance: Wasserstein distances of shadows of the rows, in many directions."""

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from raysc.metrics.against import against_both, column_name, columns_against_both
from raysc.metrics.metric import Column, Compared, Features, Vectors
from raysc.streams import stream

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
    shadow = generated.once(_directions, lambda: generated.array @ directions)
    real_shadow = real.once(_directions, lambda: real.array @ directions)
    return float(np.sqrt(wasserstein_1d(shadow, real_shadow, p=2).mean()))


@cache
def _directions(dim: int) -> np.ndarray:
    """Unit vectors, float64 (dim, directions)."""
    drawn = stream(0, 0, "data", "sliced_wasserstein").standard_normal((dim, DIRECTIONS))
    units: np.ndarray = drawn / np.linalg.norm(drawn, axis=0)
    return units
