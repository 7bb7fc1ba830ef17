"""Similarity of coupled models: the share of their rows' variance that lies within the models."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.across_models.model_diversity import spread_of_means
from raysc.metrics.core.metric import Column


@dataclass(frozen=True)
class ModelSimilarity:
    """Share of the variance of all models' rows that lies within the models, 0 to 1: V / (V + D).

    V is the mean over the models of the summed variance of their rows, D is ``model_diversity``. It is 1 where all
    models have the same mean. It has the same value for all models of a cell; NaN where all rows are equal.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    across_models: ClassVar[bool] = True
    columns: ClassVar[tuple[Column, ...]] = (Column("model_similarity", "lower", "linear", "none"),)

    def measure(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        within = rows.var(axis=2, dtype=np.float64).sum(axis=2).mean(axis=0)
        return {"model_similarity": within / (within + spread_of_means(rows))}
