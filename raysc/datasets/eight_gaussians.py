"""Eight Gaussians on a ring: the usual two-dimensional toy with modes to lose."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import ClassVar, Literal

import numpy as np

from raysc.errors import InputError
from raysc.rng import stream

RADIUS = 4.0
MODES = 8
TEST_ROWS = 1000


@dataclass(frozen=True)
class EightGaussians:
    """Eight equally likely modes, evenly spaced on a circle of radius 4; each seed draws its own rows.

    Rows are float32 (2,). Of one seed, fewer rows are a prefix of more. 1000 held-out rows.

    Attributes:
        rows: training rows per seed.
        noise: standard deviation of each mode, per coordinate.

    Raises:
        InputError: rows below 1, or noise not a positive number.
    """

    rows: int = 1000
    noise: float = 0.5

    version: ClassVar[int] = 1
    kind: ClassVar[Literal["images", "points"]] = "points"
    labelled: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.rows < 1:
            raise InputError(f"eight_gaussians: rows must be at least 1, not {self.rows}")
        if not (isfinite(self.noise) and self.noise > 0):
            raise InputError(f"eight_gaussians: noise must be a positive number, not {self.noise}")

    @property
    def count(self) -> int:
        return self.rows

    @property
    def event(self) -> tuple[int, ...]:
        return (2,)

    def fingerprint(self) -> str:
        return ""

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Training rows, float32 (seeds, rows, 2)."""
        return np.stack([self._draw(seed, 0, "train", self.rows) for seed in seeds])

    def test(self) -> np.ndarray:
        """Held-out rows, float32 (1000, 2), the same for all seeds."""
        return self._draw(0, 0, "test", TEST_ROWS)

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """0, and the same variance in each direction: that of the ring's centres and the noise."""
        return np.zeros(2), (RADIUS**2 / 2 + self.noise**2) * np.eye(2)

    def modes(self) -> tuple[np.ndarray, float]:
        """The eight centres (8, 2), and the noise."""
        return _centres(np.arange(MODES)), self.noise

    def fresh(self, seeds: Sequence[int], generation: int, count: int) -> np.ndarray:
        """New rows for one generation, float32 (seeds, count, 2)."""
        return np.stack([self._draw(seed, generation, "fresh", count) for seed in seeds])

    def _draw(self, seed: int, generation: int, purpose: str, count: int) -> np.ndarray:
        # Two streams, so that fewer rows are a prefix of more.
        modes = stream(seed, generation, "data", purpose, "mode").integers(MODES, size=count)
        noise = stream(seed, generation, "data", purpose, "noise").standard_normal((count, 2))
        return (_centres(modes) + self.noise * noise).astype(np.float32)


def _centres(modes: np.ndarray) -> np.ndarray:
    angles = 2 * np.pi * modes / MODES
    return RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
