"""Ratio of total variances of a fitted model and the true distribution."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, FittedModels


@dataclass(frozen=True)
class TraceRatio:
    """tr(Sigma_t) / tr(Sigma_0): total variances of the fitted and true density (Kazdan et al. 2024, Gaussians).

    Sigma_0 is the covariance of the true distribution, not of generation 0's fit. For a kernel density estimate Sigma_t
    includes the kernel's variance. Below 1 % a model counts as collapsed.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    model_requirements: ClassVar[tuple[str, ...]] = ("moments",)
    data_requirements: ClassVar[tuple[str, ...]] = ("moments",)
    columns: ClassVar[tuple[Column, ...]] = (
        Column("trace_ratio", "near", "log", "none", collapse_threshold=0.01, target=1.0, aspect="variance"),
    )

    def measure(self, models: FittedModels) -> dict[str, np.ndarray]:
        _, sigma_t = models.family.moments(models.state)
        _, sigma_0 = models.data.moments()
        return {"trace_ratio": np.trace(sigma_t, axis1=1, axis2=2) / np.trace(sigma_0)}
