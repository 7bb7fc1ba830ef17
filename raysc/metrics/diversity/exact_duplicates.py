"""Copies of training rows among the generated rows."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import values_against_train
from raysc.metrics.core.metric import SHARE, Column, FeatureSets, Vectors


@dataclass(frozen=True)
class ExactDuplicates:
    """Share of generated rows, 0 to 1, that equal one of the seed's training rows in every value (bit by bit).

    Its floor is the value of held-out rows.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    columns: ClassVar[tuple[Column, ...]] = (
        Column("exact_duplicates", "lower", "linear", "train", "share of rows", bounds=SHARE),
    )

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        return {"exact_duplicates": values_against_train(_duplicate_share, sets)}


def _duplicate_share(generated: Vectors, train: Vectors) -> float:
    train_rows = train.cached(_row_bytes, lambda: _row_bytes(train.array))
    return float(np.mean([row.tobytes() in train_rows for row in generated.array]))


def _row_bytes(rows: np.ndarray) -> frozenset[bytes]:
    return frozenset(row.tobytes() for row in rows)
