"""Entropy of a fitted discrete distribution."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import entr

from raysc.metrics.core.metric import Column, FittedModels


@dataclass(frozen=True)
class Entropy:
    """Shannon entropy of the fitted proportions, -sum p log p in nats (Kazdan et al. 2024, discrete distributions).

    At most log K. It is 0 where one outcome is left. Below 1e-8, as in the paper, a model counts as collapsed.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    model_requirements: ClassVar[tuple[str, ...]] = ("proportions",)
    data_requirements: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[tuple[Column, ...]] = (
        Column("entropy", "higher", "linear", "none", "nats", collapse_threshold=1e-8, aspect="variance"),
    )

    def measure(self, models: FittedModels) -> dict[str, np.ndarray]:
        return {"entropy": entr(models.family.proportions(models.state)).sum(axis=1)}
