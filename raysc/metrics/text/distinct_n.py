"""How varied generated texts are."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.errors import InputError
from raysc.metrics.core.metric import Column, Compared, Vectors
from raysc.metrics.core.pairs import per_seed
from raysc.metrics.text.ngrams import column_name, ngrams, share

N = 2
"""Tokens of an n-gram, unless it is set."""


@dataclass(frozen=True)
class DistinctN:
    """Distinct-n (Li et al. 2016): different n-grams of tokens over all n-grams of the generated rows, 0 to 1.

    It falls with the number of rows, so compare equal numbers. Its floor is that of training rows.

    Attributes:
        n: length of an n-gram.

    Raises:
        InputError: n below 1.
    """

    n: int = N

    version: ClassVar[int] = 1
    features: ClassVar[str] = "tokens"
    least_rows: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if self.n < 1:
            raise InputError(f"distinct_n: n must be at least 1, not {self.n}")

    @property
    def columns(self) -> tuple[Column, ...]:
        return (Column(column_name("distinct_n", self.n, N), "higher", "log", "test", "share of n-grams"),)

    def measure(self, compared: Compared) -> dict[str, np.ndarray]:
        (column,) = self.columns
        return {column.name: per_seed(self._share, ((rows, rows) for rows in compared.generated))}

    def _share(self, rows: Vectors, _: Vectors) -> float:
        grams = ngrams(rows.array, self.n)
        return share(len(np.unique(grams, axis=0)), len(grams))
