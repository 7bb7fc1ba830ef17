"""The standard normal distribution: the data of the closed-form results."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from raysc.errors import InputError
from raysc.rng import Streams, stream

TEST_ROWS = 1000


@dataclass(frozen=True)
class Gaussian:
    """N(0, I) in ``dim`` dimensions; each seed draws its own rows.

    Rows are float64 (dim,). Of one seed and dimension, fewer rows are a prefix of more. 1000 held-out rows.

    Attributes:
        dim: dimensions.
        rows: training rows per seed.

    Raises:
        InputError: a parameter is below 1.
    """

    dim: int = 1
    rows: int = 100

    version: ClassVar[int] = 1
    kind: ClassVar[Literal["images", "points"]] = "points"
    labelled: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name in ("dim", "rows"):
            if (value := getattr(self, name)) < 1:
                raise InputError(f"gaussian: {name} must be at least 1, not {value}")

    @property
    def count(self) -> int:
        return self.rows

    @property
    def event(self) -> tuple[int, ...]:
        return (self.dim,)

    def fingerprint(self) -> str:
        return ""

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Training rows, float64 (seeds, rows, dim)."""
        return Streams(tuple(seeds), 0).normal((self.rows, self.dim), "data", "train")

    def test(self) -> np.ndarray:
        """Held-out rows, float64 (1000, dim), the same for all seeds."""
        return stream(0, 0, "data", "test").standard_normal((TEST_ROWS, self.dim))

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """0 and the identity."""
        return np.zeros(self.dim), np.eye(self.dim)

    def fresh(self, seeds: Sequence[int], generation: int, count: int) -> np.ndarray:
        """New rows for one generation, float64 (seeds, count, dim)."""
        return Streams(tuple(seeds), generation).normal((count, self.dim), "data", "fresh")
