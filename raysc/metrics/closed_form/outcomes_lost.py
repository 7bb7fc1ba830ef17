"""Number of outcomes that a fitted discrete distribution has lost."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, FittedModels


@dataclass(frozen=True)
class OutcomesLost:
    """Number of possible outcomes whose fitted proportion is 0 (Kazdan et al. 2024, discrete distributions).

    0 to K - 1. With few rows some outcomes are lost at generation 0.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    model_requirements: ClassVar[tuple[str, ...]] = ("proportions",)
    data_requirements: ClassVar[tuple[str, ...]] = ("probabilities",)
    columns: ClassVar[tuple[Column, ...]] = (Column("outcomes_lost", "lower", "linear", "none", aspect="modes"),)

    def measure(self, models: FittedModels) -> dict[str, np.ndarray]:
        possible = np.count_nonzero(models.data.probabilities())
        fitted = np.count_nonzero(models.family.proportions(models.state), axis=1)
        return {"outcomes_lost": (possible - fitted).astype(np.float64)}
