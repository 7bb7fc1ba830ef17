"""Determinant ratio, the generalised variance of a fitted model relative to the true distribution."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, FittedModels


@dataclass(frozen=True)
class DetRatio:
    """det(Sigma_t) / det(Sigma_0), and ``log_det_ratio``, its natural logarithm (Kazdan et al. 2024, Gaussians).

    Sigma_0 is the covariance of the true distribution. In many dimensions the ratio soon underflows, and in any
    dimension few runs dominate its mean; the logarithm avoids both. It is minus infinity where Sigma_t is singular:
    with no more rows than dimensions, or within the rounding of float64.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    model_requirements: ClassVar[tuple[str, ...]] = ("log_det",)
    data_requirements: ClassVar[tuple[str, ...]] = ("moments",)
    columns: ClassVar[tuple[Column, ...]] = (
        Column("det_ratio", "near", "log", "none", target=1.0, aspect="variance"),
        Column("log_det_ratio", "near", "linear", "none", target=0.0),
    )

    def measure(self, models: FittedModels) -> dict[str, np.ndarray]:
        _, sigma_0 = models.data.moments()
        log_ratio = models.family.log_det(models.state) - np.linalg.slogdet(sigma_0)[1]
        return {"det_ratio": np.exp(log_ratio), "log_det_ratio": log_ratio}
