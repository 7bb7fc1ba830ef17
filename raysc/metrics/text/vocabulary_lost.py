"""Tokens of the training rows that generated texts no longer use."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import values_against_train
from raysc.metrics.core.metric import SHARE, Column, FeatureSets, Vectors
from raysc.pool.tokens import PAD


@dataclass(frozen=True)
class VocabularyLost:
    """Share of the tokens in the seed's real training rows that occur in no generated row, 0 to 1.

    It decreases with the number of generated rows; compare equal numbers. Its floor is the value of held-out rows.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "tokens"
    min_rows: ClassVar[int] = 1
    columns: ClassVar[tuple[Column, ...]] = (
        Column("vocabulary_lost", "lower", "linear", "train", "share of tokens", bounds=SHARE, aspect="modes"),
    )

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        return {"vocabulary_lost": values_against_train(_lost_share, sets)}


def _lost_share(generated: Vectors, train: Vectors) -> float:
    vocabulary = train.cached(_vocabulary, lambda: _vocabulary(train))
    return len(vocabulary - _vocabulary(generated)) / len(vocabulary)


def _vocabulary(rows: Vectors) -> frozenset[int]:
    """Return the token ids that occur in the rows."""
    return frozenset(np.unique(rows.array).tolist()) - {PAD}
