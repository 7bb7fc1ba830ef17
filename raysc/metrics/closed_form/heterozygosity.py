"""Heterozygosity, the probability that two draws from a fitted discrete distribution differ."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, FittedModels


@dataclass(frozen=True)
class Heterozygosity:
    """1 - sum p^2 of the fitted proportions: 1 - 1/K for K equal ones, 0 where one outcome is left.

    The expected heterozygosity of population genetics. Its mean over seeds has a closed form (Kazdan et al. 2024,
    discrete distributions).
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    model_requirements: ClassVar[tuple[str, ...]] = ("proportions",)
    data_requirements: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[tuple[Column, ...]] = (
        Column("heterozygosity", "higher", "linear", "none", collapse_threshold=1e-8, aspect="variance"),
    )

    def measure(self, models: FittedModels) -> dict[str, np.ndarray]:
        return {"heterozygosity": 1 - np.square(models.family.proportions(models.state)).sum(axis=1)}
