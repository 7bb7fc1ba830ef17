"""Squared error of a fitted model's mean."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, FittedModels


@dataclass(frozen=True)
class MeanError:
    """Squared error of the mean, |mu_t - mu_0|^2 (Kazdan et al. 2024, Gaussians), mu_0 the true distribution's mean.

    Its expectation is tr(Sigma_0) / n at generation 0. Under ``replace`` every generation adds tr(Sigma_t) / n.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    model_requirements: ClassVar[tuple[str, ...]] = ("moments",)
    data_requirements: ClassVar[tuple[str, ...]] = ("moments",)
    columns: ClassVar[tuple[Column, ...]] = (Column("mean_error", "lower", "log", "none", aspect="risk"),)

    def measure(self, models: FittedModels) -> dict[str, np.ndarray]:
        mu_t, _ = models.family.moments(models.state)
        mu_0, _ = models.data.moments()
        return {"mean_error": np.square(mu_t - mu_0).sum(axis=1)}
