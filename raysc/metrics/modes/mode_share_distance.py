"""Imbalance between the modes in generated rows."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import SHARE, Column, FeatureSets
from raysc.metrics.modes.nearest import values_by_modes


@dataclass(frozen=True)
class ModeShareDistance:
    """Total variation distance between the modes' shares of the rows and equal shares, 0 to 1 - 1/modes.

    Each row counts for its nearest mode at any distance. The floor, the value of training rows, is the sampling error
    of a sample of that size.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    data_requirements: ClassVar[tuple[str, ...]] = ("modes",)
    columns: ClassVar[tuple[Column, ...]] = (
        Column("mode_share_distance", "lower", "linear", "test", "share of rows", bounds=SHARE),
    )

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        return {"mode_share_distance": values_by_modes(_total_variation, sets)}


def _total_variation(nearest: np.ndarray, distance: np.ndarray, modes: int) -> float:
    shares = np.bincount(nearest, minlength=modes) / len(nearest)
    return float(np.abs(shares - 1 / modes).sum() / 2)
