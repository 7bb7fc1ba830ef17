"""Copies of training rows among the generated ones."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, Compared, Vectors
from raysc.metrics.core.pairs import per_seed


@dataclass(frozen=True)
class ExactDuplicates:
    """Share of generated rows, 0 to 1, that equal one of the seed's training rows in every value (bit by bit).

    Its floor is that share for held-out rows.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    least_rows: ClassVar[int] = 1
    columns: ClassVar[tuple[Column, ...]] = (Column("exact_duplicates", "lower", "linear", "train", "share of rows"),)

    def measure(self, compared: Compared) -> dict[str, np.ndarray]:
        return {"exact_duplicates": per_seed(_share, zip(compared.generated, compared.train, strict=True))}


def _share(generated: Vectors, train: Vectors) -> float:
    known = train.once(_bits, lambda: _bits(train.array))
    return float(np.mean([row.tobytes() in known for row in generated.array]))


def _bits(rows: np.ndarray) -> frozenset[bytes]:
    return frozenset(row.tobytes() for row in rows)
