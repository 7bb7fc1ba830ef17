"""Equally likely outcomes without order: the data of the discrete results."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from raysc.errors import InputError
from raysc.rng import Streams, stream

TEST_ROWS = 1000


@dataclass(frozen=True)
class Categories:
    """One of K equally likely outcomes a row; each seed draws its own rows.

    Rows are int32 (1,), 0 to K - 1. Of one seed and number of outcomes, fewer rows are a prefix of more. 1000 held-out
    rows.

    Attributes:
        outcomes: K.
        rows: training rows per seed.

    Raises:
        InputError: a parameter is below 1.
    """

    outcomes: int = 10
    rows: int = 100

    version: ClassVar[int] = 1
    kind: ClassVar[Literal["images", "points"]] = "points"
    labelled: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name in ("outcomes", "rows"):
            if (value := getattr(self, name)) < 1:
                raise InputError(f"categories: {name} must be at least 1, not {value}")

    @property
    def count(self) -> int:
        return self.rows

    @property
    def event(self) -> tuple[int, ...]:
        return (1,)

    def fingerprint(self) -> str:
        return ""

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Training rows, int32 (seeds, rows, 1)."""
        return self._drawn(seeds, 0, "train", self.rows)

    def test(self) -> np.ndarray:
        """Held-out rows, int32 (1000, 1), the same for all seeds."""
        return self._outcomes(stream(0, 0, "data", "test").random((TEST_ROWS, 1)))

    def probabilities(self) -> np.ndarray:
        """Of every outcome: 1 / K each, float64 (K,)."""
        return np.full(self.outcomes, 1 / self.outcomes)

    def fresh(self, seeds: Sequence[int], generation: int, count: int) -> np.ndarray:
        """New rows for one generation, int32 (seeds, count, 1)."""
        return self._drawn(seeds, generation, "fresh", count)

    def _drawn(self, seeds: Sequence[int], generation: int, purpose: str, count: int) -> np.ndarray:
        return self._outcomes(Streams(tuple(seeds), generation).uniform((count, 1), "data", purpose))

    def _outcomes(self, uniforms: np.ndarray) -> np.ndarray:
        return (uniforms * self.outcomes).astype(np.int32)
