"""Total variation distance of a fitted discrete distribution from the truth."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.closed_form.outcome_proportions import MODEL_REQUIREMENTS, outcome_proportions
from raysc.metrics.core.metric import SHARE, Column, FittedModels


@dataclass(frozen=True)
class TotalVariation:
    """TV = 1/2 sum |q - p| of the fitted proportions q and the true probabilities p, 0 to 1.

    The largest difference between the two probabilities of one event.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    model_requirements: ClassVar[tuple[str, ...]] = MODEL_REQUIREMENTS
    data_requirements: ClassVar[tuple[str, ...]] = ("probabilities",)
    columns: ClassVar[tuple[Column, ...]] = (
        Column("total_variation", "lower", "linear", "none", bounds=SHARE, aspect="risk"),
    )

    def measure(self, models: FittedModels) -> dict[str, np.ndarray]:
        q, p = outcome_proportions(models)
        return {"total_variation": np.abs(q - p).sum(axis=1) / 2}
