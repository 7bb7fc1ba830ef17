"""How much of the generated text is copied from the real training rows."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.errors import InputError
from raysc.metrics.core.metric import Column, Compared, Vectors
from raysc.metrics.core.pairs import per_seed
from raysc.metrics.text.ngrams import column_name, known, ngrams, share

N = 8
"""Tokens of an n-gram, unless it is set."""


@dataclass(frozen=True)
class CopiedNgrams:
    """Share of the generated rows' n-grams of tokens that appear in the seed's real training rows, 0 to 1.

    Its floor is that share for held-out rows.

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
            raise InputError(f"copied_ngrams: n must be at least 1, not {self.n}")

    @property
    def columns(self) -> tuple[Column, ...]:
        return (Column(column_name("copied_ngrams", self.n, N), "lower", "linear", "train", "share of n-grams"),)

    def measure(self, compared: Compared) -> dict[str, np.ndarray]:
        (column,) = self.columns
        return {column.name: per_seed(self._share, zip(compared.generated, compared.train, strict=True))}

    def _share(self, generated: Vectors, train: Vectors) -> float:
        there = known(train, self.n)
        grams = ngrams(generated.array, self.n)
        return share(sum(gram.tobytes() in there for gram in grams), len(grams))
