"""Repetition of n-grams within a generated text."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import values_of_generated
from raysc.metrics.core.metric import Column, FeatureSets, Vectors
from raysc.metrics.text.ngrams import NgramColumn, ngrams

COLUMN = NgramColumn("repetition", 4, "lower", "linear", "test")


@dataclass(frozen=True)
class Repetition:
    """seq-rep-n (Welleck et al. 2020): share of a row's n-grams that occur earlier in the row, mean over rows, 0 to 1.

    Rows of fewer than n tokens count as 0. Its floor is the value of training rows.

    Attributes:
        n: length of an n-gram, in tokens.

    Raises:
        InputError: n is below 1.
    """

    n: int = COLUMN.default_n

    version: ClassVar[int] = 1
    features: ClassVar[str] = "tokens"
    min_rows: ClassVar[int] = 1

    def __post_init__(self) -> None:
        COLUMN.check(self.n)

    @property
    def columns(self) -> tuple[Column, ...]:
        return COLUMN.columns(self.n)

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        (column,) = self.columns
        return {column.name: values_of_generated(self._mean_repetition, sets)}

    def _mean_repetition(self, generated: Vectors) -> float:
        return float(np.mean([_repeated_share(ngrams(row[None], self.n)) for row in generated.array]))


def _repeated_share(grams: np.ndarray) -> float:
    return 1 - len(np.unique(grams, axis=0)) / len(grams) if len(grams) else 0.0
