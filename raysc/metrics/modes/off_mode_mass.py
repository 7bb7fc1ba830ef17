"""How much of what a model draws lies between the modes of the data."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, Compared
from raysc.metrics.modes.modes import NEAR, per_seed


@dataclass(frozen=True)
class OffModeMass:
    """Share of rows further than three standard deviations from the nearest mode, 0 to 1.

    Of real rows in the plane exp(-9/2) = 1.1 % do; the floor is that share of the training rows.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    least_rows: ClassVar[int] = 1
    asks_data: ClassVar[tuple[str, ...]] = ("modes",)
    columns: ClassVar[tuple[Column, ...]] = (Column("off_mode_mass", "lower", "linear", "test", "share of rows"),)

    def measure(self, compared: Compared) -> dict[str, np.ndarray]:
        return {"off_mode_mass": per_seed(compared, _off)}


def _off(nearest: np.ndarray, distance: np.ndarray, modes: int) -> float:
    return float((distance > NEAR).mean())
