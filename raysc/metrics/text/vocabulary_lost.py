"""Words that generated texts no longer use."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, Compared, Vectors
from raysc.metrics.core.pairs import per_seed
from raysc.pool.tokens import PAD


@dataclass(frozen=True)
class VocabularyLost:
    """Share of the tokens that the seed's real training rows use and no generated row does, 0 to 1.

    Fewer generated rows use fewer tokens: compare equal numbers. Its floor is that share for held-out rows.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "tokens"
    least_rows: ClassVar[int] = 1
    columns: ClassVar[tuple[Column, ...]] = (Column("vocabulary_lost", "lower", "linear", "train", "share of tokens"),)

    def measure(self, compared: Compared) -> dict[str, np.ndarray]:
        return {"vocabulary_lost": per_seed(_lost, zip(compared.generated, compared.train, strict=True))}


def _lost(generated: Vectors, train: Vectors) -> float:
    used = train.once(_used, lambda: _used(train))
    return len(used - _used(generated)) / len(used)


def _used(rows: Vectors) -> frozenset[int]:
    return frozenset(np.unique(rows.array).tolist()) - {PAD}
