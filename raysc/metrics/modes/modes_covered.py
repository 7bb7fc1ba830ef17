"""How many modes of the data a model still draws from."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, Compared
from raysc.metrics.modes.modes import NEAR, per_seed

LEAST = 0.1
"""A mode is covered if it has at least so much of its share of the data."""


@dataclass(frozen=True)
class ModesCovered:
    """Number of modes with at least a tenth of their equal share of the rows within three standard deviations."""

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    least_rows: ClassVar[int] = 1
    asks_data: ClassVar[tuple[str, ...]] = ("modes",)
    columns: ClassVar[tuple[Column, ...]] = (Column("modes_covered", "higher", "linear", "test", "modes"),)

    def measure(self, compared: Compared) -> dict[str, np.ndarray]:
        return {"modes_covered": per_seed(compared, _covered)}


def _covered(nearest: np.ndarray, distance: np.ndarray, modes: int) -> float:
    counts = np.bincount(nearest[distance <= NEAR], minlength=modes)
    return float((counts >= LEAST * len(nearest) / modes).sum())
