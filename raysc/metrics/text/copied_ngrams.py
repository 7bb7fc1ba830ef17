"""Share of generated text that is copied from the real training rows."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import values_against_train
from raysc.metrics.core.metric import Column, FeatureSets, Vectors
from raysc.metrics.text.ngrams import NgramColumn, ngram_set, ngrams, share

COLUMN = NgramColumn("copied_ngrams", 8, "lower", "linear", "train")


@dataclass(frozen=True)
class CopiedNgrams:
    """Share of the generated rows' n-grams of tokens that occur in the seed's real training rows, 0 to 1.

    Its floor is the value of held-out rows.

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
        return {column.name: values_against_train(self._copied_share, sets)}

    def _copied_share(self, generated: Vectors, train: Vectors) -> float:
        train_grams = ngram_set(train, self.n)
        grams = ngrams(generated.array, self.n)
        return share(sum(gram.tobytes() in train_grams for gram in grams), len(grams))
