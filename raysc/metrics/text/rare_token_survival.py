"""Survival of rare tokens in generated texts."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import values_against_train
from raysc.metrics.core.metric import SHARE, Column, FeatureSets, Vectors
from raysc.metrics.core.rare import rare
from raysc.pool.tokens import PAD

MASS = 0.1
"""Share of all tokens of the training rows that are rare ones."""


@dataclass(frozen=True)
class RareTokenSurvival:
    """Share of the rare tokens of the seed's real training rows that occur in a generated row, 0 to 1.

    Rare are the least frequent tokens of the vocabulary that make up at most a tenth of all tokens together. The value
    grows with the number of generated rows; compare equal numbers. Its floor is the value of held-out rows.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "tokens"
    min_rows: ClassVar[int] = 1
    columns: ClassVar[tuple[Column, ...]] = (
        Column("rare_token_survival", "higher", "linear", "train", "share of tokens", bounds=SHARE, aspect="tails"),
    )

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        return {"rare_token_survival": values_against_train(_survival, sets)}


def _survival(generated: Vectors, train: Vectors) -> float:
    tokens = train.cached(_rare_tokens, lambda: _rare_tokens(train.array))
    return float(np.isin(tokens, generated.array).mean())


def _rare_tokens(rows: np.ndarray) -> np.ndarray:
    """Return the ids of the rare tokens of rows (rows, length), int32."""
    tokens, counts = np.unique(rows[rows != PAD], return_counts=True)
    return np.asarray(tokens[rare(counts, MASS)])
