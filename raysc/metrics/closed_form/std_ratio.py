"""How much of its standard deviation a fitted model has kept."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.closed_form.trace_ratio import TraceRatio
from raysc.metrics.core.metric import Column, Modelled


@dataclass(frozen=True)
class StdRatio:
    """sqrt(tr Sigma_t / tr Sigma_0), sigma_t / sigma_0 in one dimension (Bertrand et al. 2023, fully synthetic).

    Its mean over seeds falls under ``replace`` where that of the variance does not: with the unbiased covariance
    (ddof 1) E Sigma_t = Sigma_0 for ever, and in one dimension E sigma_t = c4(n)^(t+1) sigma_0.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    least_rows: ClassVar[int] = 1
    asks: ClassVar[tuple[str, ...]] = TraceRatio.asks
    asks_data: ClassVar[tuple[str, ...]] = TraceRatio.asks_data
    columns: ClassVar[tuple[Column, ...]] = (Column("std_ratio", "higher", "log", "neither"),)

    def measure(self, modelled: Modelled) -> dict[str, np.ndarray]:
        return {"std_ratio": np.sqrt(TraceRatio().measure(modelled)["trace_ratio"])}
