"""Distinct-n, the variety of generated texts."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import values_of_generated
from raysc.metrics.core.metric import Column, FeatureSets, Vectors
from raysc.metrics.text.ngrams import NgramColumn, ngrams, share

COLUMN = NgramColumn("distinct_n", 2, "higher", "log", "test")


@dataclass(frozen=True)
class DistinctN:
    """Distinct-n (Li et al. 2016): distinct n-grams of tokens over all n-grams of the generated rows, 0 to 1.

    It decreases with the number of rows; compare equal numbers. Its floor is the value of training rows.

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
        return {column.name: values_of_generated(self._distinct_share, sets)}

    def _distinct_share(self, generated: Vectors) -> float:
        grams = ngrams(generated.array, self.n)
        return share(len(np.unique(grams, axis=0)), len(grams))
