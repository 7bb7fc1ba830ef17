"""Number of modes that generated rows cover."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, FeatureSets
from raysc.metrics.modes.nearest import MODE_RADIUS, values_by_modes

MIN_SHARE = 0.1
"""A mode is covered if its share of the rows is at least this part of an equal share."""


@dataclass(frozen=True)
class ModesCovered:
    """Number of modes with at least a tenth of their equal share of the rows within three standard deviations."""

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    data_requirements: ClassVar[tuple[str, ...]] = ("modes",)
    columns: ClassVar[tuple[Column, ...]] = (
        Column("modes_covered", "higher", "linear", "test", "modes", aspect="modes"),
    )

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        return {"modes_covered": values_by_modes(_covered_count, sets)}


def _covered_count(nearest: np.ndarray, distance: np.ndarray, modes: int) -> float:
    counts = np.bincount(nearest[distance <= MODE_RADIUS], minlength=modes)
    return float((counts >= MIN_SHARE * len(nearest) / modes).sum())
