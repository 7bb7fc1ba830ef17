"""How often two draws from a fitted discrete distribution differ."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, Modelled


@dataclass(frozen=True)
class Heterozygosity:
    """1 - sum p^2 of the fitted proportions: 1 - 1/K for K equal ones, 0 where one outcome is left.

    What population genetics calls expected heterozygosity. Its mean over seeds has a closed form (Kazdan et al. 2024,
    discrete distributions).
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    least_rows: ClassVar[int] = 1
    asks: ClassVar[tuple[str, ...]] = ("proportions",)
    asks_data: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[tuple[Column, ...]] = (Column("heterozygosity", "higher", "linear", "neither", collapsed=1e-8),)

    def measure(self, modelled: Modelled) -> dict[str, np.ndarray]:
        return {"heterozygosity": 1 - np.square(modelled.family.proportions(modelled.state)).sum(axis=1)}
