"""Repeated rows among the generated rows."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import values_of_generated
from raysc.metrics.core.metric import SHARE, Column, FeatureSets, Vectors


@dataclass(frozen=True)
class RepeatedRows:
    """Share of generated rows, 0 to 1, that equal an earlier row of the same generation in every value (bit by bit).

    It increases with the number of rows; compare equal numbers. Its floor is the value of training rows.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    columns: ClassVar[tuple[Column, ...]] = (
        Column("repeated_rows", "lower", "linear", "test", "share of rows", bounds=SHARE),
    )

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        return {"repeated_rows": values_of_generated(_repeated_share, sets)}


def _repeated_share(generated: Vectors) -> float:
    return 1 - len({row.tobytes() for row in generated.array}) / len(generated.array)
