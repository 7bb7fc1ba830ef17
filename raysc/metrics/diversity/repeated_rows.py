"""Rows that a model draws more than once."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, Compared, Vectors
from raysc.metrics.core.pairs import per_seed


@dataclass(frozen=True)
class RepeatedRows:
    """Share of generated rows, 0 to 1, that equal an earlier row of the same generation in every value (bit by bit).

    It rises with the number of rows, so compare equal numbers. Its floor is that share of training rows.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    least_rows: ClassVar[int] = 1
    columns: ClassVar[tuple[Column, ...]] = (Column("repeated_rows", "lower", "linear", "test", "share of rows"),)

    def measure(self, compared: Compared) -> dict[str, np.ndarray]:
        return {"repeated_rows": per_seed(_share, ((rows, rows) for rows in compared.generated))}


def _share(rows: Vectors, _: Vectors) -> float:
    return 1 - len({row.tobytes() for row in rows.array}) / len(rows.array)
