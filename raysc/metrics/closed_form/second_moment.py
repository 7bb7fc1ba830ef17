"""Second moment of a fitted density about the true mean."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, FittedModels


def true_second_moment(data: Any) -> float:
    """Return the second moment of a distribution about its mean, tr Sigma_0 / dim."""
    mu_0, sigma_0 = data.moments()
    return float(np.trace(sigma_0) / len(mu_0))


@dataclass(frozen=True)
class SecondMoment:
    """E|x - mu_0|^2 / dim under the fitted density, with mu_0 the true distribution's mean.

    For a kernel density estimate it includes the kernel's variance: its expectation grows by h^2 a generation under
    ``replace`` and by h^2 / (t+1) under ``accumulate``. For a Gaussian it is (tr Sigma_t + |mu_t - mu_0|^2) / dim.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    model_requirements: ClassVar[tuple[str, ...]] = ("moments",)
    data_requirements: ClassVar[tuple[str, ...]] = ("moments",)
    columns: ClassVar[tuple[Column, ...]] = (Column("second_moment", "near", "log", "none", target=true_second_moment),)

    def measure(self, models: FittedModels) -> dict[str, np.ndarray]:
        mu_t, sigma_t = models.family.moments(models.state)
        mu_0, _ = models.data.moments()
        squares = np.trace(sigma_t, axis1=1, axis2=2) + np.square(mu_t - mu_0).sum(axis=1)
        return {"second_moment": squares / len(mu_0)}
