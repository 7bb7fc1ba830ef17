"""Repetition of n-grams within a generated text."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import values_of_generated
from raysc.metrics.core.metric import SHARE, Column, FeatureSets, Vectors
from raysc.metrics.text.ngram_metric import UNIT, NgramMetric
from raysc.metrics.text.ngrams import ngrams


@dataclass(frozen=True)
class Repetition(NgramMetric):
    """seq-rep-n (Welleck et al. 2020): share of a row's n-grams that occur earlier in the row, mean over rows, 0 to 1.

    Rows of fewer than n tokens count as 0. Its floor is the value of training rows.
    """

    default_n: ClassVar[int] = 4
    column: ClassVar[Column] = Column("repetition", "lower", "linear", "test", UNIT, bounds=SHARE)

    n: int = default_n

    def values(self, sets: FeatureSets) -> np.ndarray:
        return values_of_generated(self._mean_repetition, sets)

    def _mean_repetition(self, generated: Vectors) -> float:
        return float(np.mean([_repeated_share(ngrams(row[None], self.n)) for row in generated.array]))


def _repeated_share(grams: np.ndarray) -> float:
    return 1 - len(np.unique(grams, axis=0)) / len(grams) if len(grams) else 0.0
