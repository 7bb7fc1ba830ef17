"""Distinct-n, the variety of generated texts."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import values_of_generated
from raysc.metrics.core.metric import SHARE, Column, FeatureSets, Vectors
from raysc.metrics.text.ngram_metric import UNIT, NgramMetric
from raysc.metrics.text.ngrams import ngrams, share


@dataclass(frozen=True)
class DistinctN(NgramMetric):
    """Distinct-n (Li et al. 2016): distinct n-grams of tokens over all n-grams of the generated rows, 0 to 1.

    It decreases with the number of rows; compare equal numbers. Its floor is the value of training rows.
    """

    default_n: ClassVar[int] = 2
    column: ClassVar[Column] = Column("distinct_n", "higher", "log", "test", UNIT, bounds=SHARE, aspect="variance")

    n: int = default_n

    def values(self, sets: FeatureSets) -> np.ndarray:
        return values_of_generated(self._distinct_share, sets)

    def _distinct_share(self, generated: Vectors) -> float:
        grams = ngrams(generated.array, self.n)
        return share(len(np.unique(grams, axis=0)), len(grams))
