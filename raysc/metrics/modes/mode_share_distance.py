"""How unevenly a model draws from the modes of the data."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, Compared
from raysc.metrics.modes.modes import per_seed


@dataclass(frozen=True)
class ModeShareDistance:
    """Total variation between the modes' shares of the rows and equal shares, 0 to 1 - 1/modes.

    Each row counts for its nearest mode, however far it lies. The floor, that of the training rows, is what a sample of
    that size has by chance.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    least_rows: ClassVar[int] = 1
    asks_data: ClassVar[tuple[str, ...]] = ("modes",)
    columns: ClassVar[tuple[Column, ...]] = (Column("mode_share_distance", "lower", "linear", "test", "share of rows"),)

    def measure(self, compared: Compared) -> dict[str, np.ndarray]:
        return {"mode_share_distance": per_seed(compared, _distance)}


def _distance(nearest: np.ndarray, distance: np.ndarray, modes: int) -> float:
    shares = np.bincount(nearest, minlength=modes) / len(nearest)
    return float(np.abs(shares - 1 / modes).sum() / 2)
