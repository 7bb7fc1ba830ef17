"""Base of the distances that have a column for held-out rows and one for training rows."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import PairColumns, PairFunction, features_setting
from raysc.metrics.core.metric import Column, Features, FeatureSets


@dataclass(frozen=True)
class PairMetric(ABC):
    """Base of the Fréchet distance, KID, MMD and the sliced Wasserstein distance.

    Attributes:
        features: the features that are compared; None: the data's default.
        pair: the metric's columns.
    """

    features: Features | None = None

    pair: ClassVar[PairColumns]
    version: ClassVar[int] = 1
    min_rows: ClassVar[int] = 2

    @abstractmethod
    def function(self, sets: FeatureSets) -> PairFunction:
        """Return the distance of one seed, a function of (generated, real)."""

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.pair.columns(features_setting(self.features))

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        return self.pair.values(sets, self.function(sets), features_setting(self.features))
