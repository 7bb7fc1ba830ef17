"""Share of generated text that is copied from the real training rows."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import values_against_train
from raysc.metrics.core.metric import SHARE, Column, FeatureSets, Vectors
from raysc.metrics.text.ngram_metric import UNIT, NgramMetric
from raysc.metrics.text.ngrams import ngram_set, ngrams, share


@dataclass(frozen=True)
class CopiedNgrams(NgramMetric):
    """Share of the generated rows' n-grams of tokens that occur in the seed's real training rows, 0 to 1.

    Its floor is the value of held-out rows.
    """

    default_n: ClassVar[int] = 8
    column: ClassVar[Column] = Column("copied_ngrams", "lower", "linear", "train", UNIT, bounds=SHARE)

    n: int = default_n

    def values(self, sets: FeatureSets) -> np.ndarray:
        return values_against_train(self._copied_share, sets)

    def _copied_share(self, generated: Vectors, train: Vectors) -> float:
        train_grams = ngram_set(train, self.n)
        grams = ngrams(generated.array, self.n)
        return share(sum(gram.tobytes() in train_grams for gram in grams), len(grams))
