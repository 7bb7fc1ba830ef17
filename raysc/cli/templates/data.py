"""A data set: real rows, here a distribution from which each seed draws its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.plugins import InputError, Streams


@dataclass(frozen=True)
class MyData:
    """Points near the unit circle: a uniform angle, and normal noise in both coordinates.

    The fields are the parameters of the data in a sweep file: ``data: {name: ..., noise: 0.1}``.

    Attributes:
        rows: n, the training rows of each seed.
        noise: standard deviation of the noise.
    """

    rows: int = 200
    noise: float = 0.05

    version: ClassVar[int] = 1
    # "points" are float64 (dim,), "images" uint8 (channels, height, width), "text" int32 (length,).
    kind: ClassVar[str] = "points"
    labelled: ClassVar[bool] = False
    # The shape of one row.
    event: ClassVar[tuple[int, ...]] = (2,)

    def __post_init__(self) -> None:
        if self.rows < 1 or self.noise < 0:
            raise InputError("rows must be at least 1, and noise at least 0")

    @property
    def count(self) -> int:
        """Number of training rows of a seed."""
        return self.rows

    def fingerprint(self) -> str:
        """Return "": parameters determine the rows. Data from files return a hash of their content."""
        return ""

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Return the training rows, (seeds, n, 2); (1, n, 2) where all seeds share them."""
        return self._draw(Streams(tuple(seeds), 0), self.rows, "train")

    def test(self) -> np.ndarray:
        """Return the held-out rows, (1000, 2), the same for all seeds: they have a stream of their own."""
        rows: np.ndarray = self._draw(Streams((0,), 0), 1000, "test")[0]
        return rows

    def fresh(self, seeds: Sequence[int], generation: int, count: int) -> np.ndarray:
        """Return new real rows of a generation, (seeds, count, 2); only regimes with new real rows need this."""
        return self._draw(Streams(tuple(seeds), generation), count, "fresh")

    def _draw(self, streams: Streams, count: int, purpose: str) -> np.ndarray:
        # Randomness comes from streams only: a draw depends on seed, generation and purpose, never on the run.
        angles = 2 * np.pi * streams.uniform((count,), "data", purpose, "angle")
        circle = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        rows: np.ndarray = circle + self.noise * streams.normal((count, 2), "data", purpose, "noise")
        return rows
