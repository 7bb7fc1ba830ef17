"""Diversity of coupled models: the spread of their means."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column


@dataclass(frozen=True)
class ModelDiversity:
    """Mean squared distance of the models' mean rows from the mean of them all, sum_i |m_i - m|^2 / K.

    Over that of the control it is the share of the data's diversity that is left (networked loops, 2026). It has the
    same value for all models of a cell.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    across_models: ClassVar[bool] = True
    columns: ClassVar[tuple[Column, ...]] = (Column("model_diversity", "higher", "log", "none"),)

    def measure(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        return {"model_diversity": spread_of_means(rows)}


def spread_of_means(rows: np.ndarray) -> np.ndarray:
    """Return the mean squared distance of the models' means from the mean of them all, float64 (seeds,).

    Args:
        rows: float64 (models, seeds, rows, dim).
    """
    means = rows.mean(axis=2, dtype=np.float64)
    spread: np.ndarray = np.square(means - means.mean(axis=0)).sum(axis=2).mean(axis=0)
    return spread
