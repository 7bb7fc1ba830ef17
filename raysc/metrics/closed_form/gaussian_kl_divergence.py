"""Kullback-Leibler divergence of normals with the moments of a fitted model and of the truth."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, FittedModels


@dataclass(frozen=True)
class GaussianKlDivergence:
    """KL(N(mu_0, Sigma_0) || N(mu_t, Sigma_t)) in nats, with the moments of the truth and of the fitted density.

    It is (log det Sigma_t - log det Sigma_0 + tr(Sigma_t^-1 (Sigma_0 + d d')) - dim) / 2 with d = mu_0 - mu_t. Of the
    family gaussian and normal data it is the divergence itself; elsewhere it compares the first two moments. Infinite
    where Sigma_t is singular.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    model_requirements: ClassVar[tuple[str, ...]] = ("moments", "log_det")
    data_requirements: ClassVar[tuple[str, ...]] = ("moments",)
    columns: ClassVar[tuple[Column, ...]] = (
        Column("gaussian_kl_divergence", "lower", "log", "none", "nats", aspect="risk"),
    )

    def measure(self, models: FittedModels) -> dict[str, np.ndarray]:
        mu_t, sigma_t = models.family.moments(models.state)
        mu_0, sigma_0 = models.data.moments()
        log_det_t, log_det_0 = models.family.log_det(models.state), np.linalg.slogdet(sigma_0)[1]
        divergence = np.where(np.isnan(log_det_t), np.nan, np.inf)
        regular = np.isfinite(log_det_t)
        shift = (mu_0 - mu_t)[regular]
        second_moment = sigma_0 + shift[:, :, None] * shift[:, None, :]
        trace = np.trace(np.linalg.solve(sigma_t[regular], second_moment), axis1=1, axis2=2)
        divergence[regular] = (log_det_t[regular] - log_det_0 + trace - len(mu_0)) / 2
        return {"gaussian_kl_divergence": divergence}
