"""Negative log likelihood of held-out real rows under a fitted model."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, FittedModels


@dataclass(frozen=True)
class Nll:
    """Mean negative log likelihood of the held-out real rows, in nats a row (Kazdan et al. 2024, kernel density).

    Infinite for a model without a density, such as a Gaussian with singular covariance.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    model_requirements: ClassVar[tuple[str, ...]] = ("log_prob",)
    data_requirements: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[tuple[Column, ...]] = (Column("nll", "lower", "linear", "none", "nats a row", aspect="risk"),)

    def measure(self, models: FittedModels) -> dict[str, np.ndarray]:
        return {"nll": -models.family.log_prob(models.state, models.test).mean(axis=1)}
