"""Kullback-Leibler divergence of a fitted discrete distribution from the truth."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import rel_entr

from raysc.metrics.closed_form.outcome_proportions import MODEL_REQUIREMENTS, outcome_proportions
from raysc.metrics.core.metric import Column, FittedModels


@dataclass(frozen=True)
class KlDivergence:
    """KL(p || q) = sum p log(p / q) in nats, of the true probabilities p and the fitted proportions q.

    Infinite for a model that has lost an outcome. Ferbach et al. 2024 bound the divergence of a loop with curated
    samples and real rows. It is about (K - 1) / (2 n) for n rows of the truth with K outcomes.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    model_requirements: ClassVar[tuple[str, ...]] = MODEL_REQUIREMENTS
    data_requirements: ClassVar[tuple[str, ...]] = ("probabilities",)
    columns: ClassVar[tuple[Column, ...]] = (Column("kl_divergence", "lower", "log", "none", "nats", aspect="risk"),)

    def measure(self, models: FittedModels) -> dict[str, np.ndarray]:
        q, p = outcome_proportions(models)
        return {"kl_divergence": rel_entr(p, q).sum(axis=1)}
