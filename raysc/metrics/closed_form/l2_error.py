"""Squared l2 error of a fitted discrete distribution."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.closed_form.outcome_proportions import MODEL_REQUIREMENTS, outcome_proportions
from raysc.metrics.core.metric import Column, FittedModels


@dataclass(frozen=True)
class L2Error:
    """Squared l2 error, sum (q - p)^2 of the fitted proportions q and the true probabilities p.

    The loss of Kanabar and Gastpar 2025. Its expectation is (1 - sum p^2) / n for n rows of the truth.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    model_requirements: ClassVar[tuple[str, ...]] = MODEL_REQUIREMENTS
    data_requirements: ClassVar[tuple[str, ...]] = ("probabilities",)
    columns: ClassVar[tuple[Column, ...]] = (Column("l2_error", "lower", "log", "none", aspect="risk"),)

    def measure(self, models: FittedModels) -> dict[str, np.ndarray]:
        q, p = outcome_proportions(models)
        return {"l2_error": np.square(q - p).sum(axis=1)}
