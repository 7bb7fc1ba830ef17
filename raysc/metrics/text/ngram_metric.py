"""Base of the metrics of n-grams."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from raysc.errors import InputError
from raysc.metrics.core.columns import column_name, number_setting
from raysc.metrics.core.metric import Column, FeatureSets

UNIT = "share of n-grams"


@dataclass(frozen=True)
class NgramMetric(ABC):
    """Base of distinct_n, repetition and copied_ngrams: one column, with n in its name where n is not the default.

    Attributes:
        n: length of an n-gram, in tokens.
        default_n: the metric's default of n.
        column: the metric's column for the default n.

    Raises:
        InputError: n is below 1.
    """

    n: int

    default_n: ClassVar[int]
    column: ClassVar[Column]
    version: ClassVar[int] = 1
    features: ClassVar[str] = "tokens"
    min_rows: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if self.n < 1:
            raise InputError(f"{self.column.name}: n must be at least 1, not {self.n}")

    @abstractmethod
    def values(self, sets: FeatureSets) -> np.ndarray:
        """Compute the column of one generation, float64 (seeds,)."""

    @property
    def columns(self) -> tuple[Column, ...]:
        name = column_name(self.column.name, number_setting("n", self.n, self.default_n))
        return (replace(self.column, name=name),)

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        (column,) = self.columns
        return {column.name: self.values(sets)}
