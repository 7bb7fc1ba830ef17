"""How much variance a fitted model has kept."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, Modelled


@dataclass(frozen=True)
class TraceRatio:
    """tr(Sigma_t) / tr(Sigma_0): the fitted density's total variance over the truth's (Kazdan et al. 2024, Gaussians).

    Sigma_0 is the distribution's own covariance, not that of generation 0's fit. Of a kernel density estimate Sigma_t
    has the kernel in it. Below 1 % a model counts as collapsed.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    least_rows: ClassVar[int] = 1
    asks: ClassVar[tuple[str, ...]] = ("moments",)
    asks_data: ClassVar[tuple[str, ...]] = ("moments",)
    columns: ClassVar[tuple[Column, ...]] = (Column("trace_ratio", "higher", "log", "neither", collapsed=0.01),)

    def measure(self, modelled: Modelled) -> dict[str, np.ndarray]:
        _, covariance = modelled.family.moments(modelled.state)
        _, truth = modelled.data.moments()
        return {"trace_ratio": np.trace(covariance, axis1=1, axis2=2) / np.trace(truth)}
