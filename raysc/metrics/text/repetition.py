"""Texts that say the same thing again and again."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.errors import InputError
from raysc.metrics.core.metric import Column, Compared, Vectors
from raysc.metrics.core.pairs import per_seed
from raysc.metrics.text.ngrams import column_name, ngrams

N = 4
"""Tokens of an n-gram, unless it is set."""


@dataclass(frozen=True)
class Repetition:
    """seq-rep-n (Welleck et al. 2020): share of a row's n-grams that it holds before, mean over the rows, 0 to 1.

    Rows of fewer than n tokens count as 0. Its floor is that of training rows.

    Attributes:
        n: length of an n-gram, in tokens.

    Raises:
        InputError: n below 1.
    """

    n: int = N

    version: ClassVar[int] = 1
    features: ClassVar[str] = "tokens"
    least_rows: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if self.n < 1:
            raise InputError(f"repetition: n must be at least 1, not {self.n}")

    @property
    def columns(self) -> tuple[Column, ...]:
        return (Column(column_name("repetition", self.n, N), "lower", "linear", "test", "share of n-grams"),)

    def measure(self, compared: Compared) -> dict[str, np.ndarray]:
        (column,) = self.columns
        return {column.name: per_seed(self._mean, ((rows, rows) for rows in compared.generated))}

    def _mean(self, rows: Vectors, _: Vectors) -> float:
        return float(np.mean([_repeated(ngrams(row[None], self.n)) for row in rows.array]))


def _repeated(grams: np.ndarray) -> float:
    return 1 - len(np.unique(grams, axis=0)) / len(grams) if len(grams) else 0.0
