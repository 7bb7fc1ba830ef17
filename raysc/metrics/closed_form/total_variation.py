"""Total variation distance of a fitted distribution from the truth."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import SHARE, Column, FittedModels


@dataclass(frozen=True)
class TotalVariation:
    """TV of the fitted distribution and the true one, 0 to 1: the largest difference between probabilities of an event.

    For discrete distributions it is 1/2 sum |q - p|; other families have a formula of their own.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    model_requirements: ClassVar[tuple[str, ...]] = ("total_variation",)
    data_requirements: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[tuple[Column, ...]] = (
        Column("total_variation", "lower", "linear", "none", bounds=SHARE, aspect="risk"),
    )

    def measure(self, models: FittedModels) -> dict[str, np.ndarray]:
        return {"total_variation": models.family.total_variation(models.state, models.data)}
