"""Share of generated rows between the modes of the data."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import SHARE, Column, FeatureSets
from raysc.metrics.modes.nearest import MODE_RADIUS, values_by_modes


@dataclass(frozen=True)
class OffModeMass:
    """Share of rows further than three standard deviations from the nearest mode, 0 to 1.

    For normal modes in the plane it is exp(-9/2) = 1.1 %; the floor is the value of training rows.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    data_requirements: ClassVar[tuple[str, ...]] = ("modes",)
    columns: ClassVar[tuple[Column, ...]] = (
        Column("off_mode_mass", "lower", "linear", "test", "share of rows", bounds=SHARE, aspect="invention"),
    )

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        return {"off_mode_mass": values_by_modes(_off_mode_share, sets)}


def _off_mode_share(nearest: np.ndarray, distance: np.ndarray, modes: int) -> float:
    return float((distance > MODE_RADIUS).mean())
