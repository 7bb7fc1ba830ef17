"""Ratio of standard deviations of a fitted model and the true distribution."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.closed_form.trace_ratio import TraceRatio
from raysc.metrics.core.metric import Column, FittedModels


@dataclass(frozen=True)
class StdRatio:
    """sqrt(tr Sigma_t / tr Sigma_0), sigma_t / sigma_0 in one dimension (Bertrand et al. 2023, fully synthetic).

    Its mean over seeds decreases under ``replace`` where that of the variance does not: with the unbiased covariance
    (ddof 1) E Sigma_t = Sigma_0 for all t, and in one dimension E sigma_t = c4(n)^(t+1) sigma_0.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    model_requirements: ClassVar[tuple[str, ...]] = TraceRatio.model_requirements
    data_requirements: ClassVar[tuple[str, ...]] = TraceRatio.data_requirements
    columns: ClassVar[tuple[Column, ...]] = (Column("std_ratio", "near", "log", "none", target=1.0, aspect="variance"),)

    def measure(self, models: FittedModels) -> dict[str, np.ndarray]:
        return {"std_ratio": np.sqrt(TraceRatio().measure(models)["trace_ratio"])}
