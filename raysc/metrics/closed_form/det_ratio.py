"""How much volume a fitted model has kept."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, Modelled


@dataclass(frozen=True)
class DetRatio:
    """det(Sigma_t) / det(Sigma_0), and ``log_det_ratio``, its natural logarithm (Kazdan et al. 2024, Gaussians).

    Sigma_0 is the distribution's own covariance. In many dimensions the ratio is soon too small for a float, and in
    any number of dimensions its mean says little of a typical run; the logarithm has neither fault. It is minus
    infinity where Sigma_t is singular: with no more rows than dimensions, or within the rounding of float64.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    least_rows: ClassVar[int] = 1
    asks: ClassVar[tuple[str, ...]] = ("log_det",)
    asks_data: ClassVar[tuple[str, ...]] = ("moments",)
    columns: ClassVar[tuple[Column, ...]] = (
        Column("det_ratio", "higher", "log", "neither"),
        Column("log_det_ratio", "higher", "linear", "neither"),
    )

    def measure(self, modelled: Modelled) -> dict[str, np.ndarray]:
        _, truth = modelled.data.moments()
        logarithm = modelled.family.log_det(modelled.state) - np.linalg.slogdet(truth)[1]
        return {"det_ratio": np.exp(logarithm), "log_det_ratio": logarithm}
