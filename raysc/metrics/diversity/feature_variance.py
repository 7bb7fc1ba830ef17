"""Variance of generated rows, the first property that model collapse reduces."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import column_name, features_setting, values_of_generated
from raysc.metrics.core.metric import Column, Features, FeatureSets, Vectors
from raysc.metrics.core.offset import offset, without_offset


@dataclass(frozen=True)
class FeatureVariance:
    """Total variance of the generated rows' features: the trace of their unbiased covariance (ddof 1).

    It compares with no real rows. Its floor is the value of training rows, the variance before any loss.

    Attributes:
        features: the features whose variance is computed; None: the data's default.
    """

    features: Features | None = None

    version: ClassVar[int] = 1
    min_rows: ClassVar[int] = 2

    @property
    def columns(self) -> tuple[Column, ...]:
        return (
            Column(
                column_name("feature_variance", features_setting(self.features)),
                "higher",
                "log",
                "test",
                aspect="variance",
            ),
        )

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        (column,) = self.columns
        return {column.name: values_of_generated(_total_variance, sets)}


def _total_variance(generated: Vectors) -> float:
    return float(without_offset(generated, offset(generated)).var(axis=0, ddof=1).sum())
