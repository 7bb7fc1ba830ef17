"""How much generated rows differ among themselves: the first thing a collapsing loop loses."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, Compared, Features, Vectors
from raysc.metrics.core.pairs import column_name, per_seed


@dataclass(frozen=True)
class FeatureVariance:
    """Total variance of the generated rows' features: the trace of their unbiased covariance.

    It compares with no real rows, but its floor stands beside it: the same number for training rows, which says what
    there was to lose.

    Attributes:
        features: what is looked at; the data's default if not set.
    """

    features: Features | None = None

    version: ClassVar[int] = 1
    least_rows: ClassVar[int] = 2

    @property
    def columns(self) -> tuple[Column, ...]:
        return (Column(column_name("feature_variance", self.features), "higher", "log", "test"),)

    def measure(self, compared: Compared) -> dict[str, np.ndarray]:
        (column,) = self.columns
        return {column.name: per_seed(_variance, ((rows, rows) for rows in compared.generated))}


def _variance(generated: Vectors, _: Vectors) -> float:
    return float(generated.array.var(axis=0, ddof=1).sum())
