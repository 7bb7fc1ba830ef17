"""How many outcomes a fitted discrete distribution has lost."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, Modelled


@dataclass(frozen=True)
class OutcomesLost:
    """Outcomes of the truth to which the fitted proportions give nothing (Kazdan et al. 2024, discrete distributions).

    From 0 to K - 1. With few rows some are missing from generation 0 on.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    least_rows: ClassVar[int] = 1
    asks: ClassVar[tuple[str, ...]] = ("proportions",)
    asks_data: ClassVar[tuple[str, ...]] = ("probabilities",)
    columns: ClassVar[tuple[Column, ...]] = (Column("outcomes_lost", "lower", "linear", "neither"),)

    def measure(self, modelled: Modelled) -> dict[str, np.ndarray]:
        true = np.count_nonzero(modelled.data.probabilities())
        left = np.count_nonzero(modelled.family.proportions(modelled.state), axis=1)
        return {"outcomes_lost": (true - left).astype(np.float64)}
