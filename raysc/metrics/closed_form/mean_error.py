"""How far a fitted model's mean lies from the truth."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, Modelled


@dataclass(frozen=True)
class MeanError:
    """Squared error of the mean, |mu_t - mu_0|^2 (Kazdan et al. 2024, Gaussians), about the distribution's own mean.

    Generation 0 expects tr(Sigma_0) / n; ``replace`` adds as much, of its shrinking covariance, at every generation.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    least_rows: ClassVar[int] = 1
    asks: ClassVar[tuple[str, ...]] = ("moments",)
    asks_data: ClassVar[tuple[str, ...]] = ("moments",)
    columns: ClassVar[tuple[Column, ...]] = (Column("mean_error", "lower", "log", "neither"),)

    def measure(self, modelled: Modelled) -> dict[str, np.ndarray]:
        mean, _ = modelled.family.moments(modelled.state)
        truth, _ = modelled.data.moments()
        return {"mean_error": np.square(mean - truth).sum(axis=1)}
