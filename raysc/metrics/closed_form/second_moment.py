"""How far from the truth's mean a fitted model spreads."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, Modelled


@dataclass(frozen=True)
class SecondMoment:
    """E|x - mu_0|^2 / dim under the fitted density, about the distribution's own mean.

    Of a kernel density estimate the kernel is included: its expectation grows by h^2 a generation under ``replace``,
    and by h^2 / (t+1) under ``accumulate``. Of a Gaussian it is the trace and the mean's error together.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    least_rows: ClassVar[int] = 1
    asks: ClassVar[tuple[str, ...]] = ("moments",)
    asks_data: ClassVar[tuple[str, ...]] = ("moments",)
    columns: ClassVar[tuple[Column, ...]] = (Column("second_moment", "lower", "log", "neither"),)

    def measure(self, modelled: Modelled) -> dict[str, np.ndarray]:
        mean, covariance = modelled.family.moments(modelled.state)
        truth, _ = modelled.data.moments()
        about = np.trace(covariance, axis1=1, axis2=2) + np.square(mean - truth).sum(axis=1)
        return {"second_moment": about / len(truth)}
