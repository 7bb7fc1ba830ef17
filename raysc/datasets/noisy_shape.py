"""What distributions of points share: a place on a shape, and normal noise around it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import ClassVar, Literal

import numpy as np

from raysc.errors import InputError
from raysc.rng import Streams

TEST_ROWS = 500
"""Held-out rows, as many as Kazdan et al. 2024 score."""


@dataclass(frozen=True)
class NoisyShape(ABC):
    """A place on a shape for each row, and normal noise around it; each seed draws its own rows.

    Rows are float64 (dim,). Of one seed, fewer rows are a prefix of more. 500 held-out rows. A data set says where its
    places are, and what their moments are.

    Attributes:
        rows: training rows per seed.
        noise: standard deviation of the normal noise, per coordinate.
        name: of the data set, for messages.
        dim: dimensions of a row.

    Raises:
        InputError: rows below 1, or noise not a number of at least 0.
    """

    rows: int = 100
    noise: float = 0.05

    name: ClassVar[str]
    dim: ClassVar[int]
    version: ClassVar[int] = 1
    kind: ClassVar[Literal["images", "points"]] = "points"
    labelled: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_positive(self.name, self.rows, self.noise)

    @abstractmethod
    def place(self, uniforms: np.ndarray) -> np.ndarray:
        """Two uniforms per row, (..., 2), to a place on the shape, (..., dim)."""

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
        return self._draw(seeds, 0, "train", self.rows)

    def test(self) -> np.ndarray:
        """Held-out rows, float64 (500, dim), the same for all seeds."""
        rows: np.ndarray = self._draw((0,), 0, "test", TEST_ROWS)[0]
        return rows

    def fresh(self, seeds: Sequence[int], generation: int, count: int) -> np.ndarray:
        """New rows for one generation, float64 (seeds, count, dim)."""
        return self._draw(seeds, generation, "fresh", count)

    def _draw(self, seeds: Sequence[int], generation: int, purpose: str, count: int) -> np.ndarray:
        # Two streams, so that fewer rows are a prefix of more.
        streams = Streams(tuple(seeds), generation)
        places = self.place(streams.uniform((count, 2), "data", purpose, "place"))
        rows: np.ndarray = places + self.noise * streams.normal((count, self.dim), "data", purpose, "noise")
        return rows


def check_positive(name: str, rows: int, noise: float) -> None:
    """Refuse impossible parameters; InputError."""
    if rows < 1:
        raise InputError(f"{name}: rows must be at least 1, not {rows}")
    if not (isfinite(noise) and noise >= 0):
        raise InputError(f"{name}: noise must be a number of at least 0, not {noise}")
