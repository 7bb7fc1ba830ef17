"""Two half moons that reach into each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from raysc.datasets.drawing import TEST_ROWS, check_positive, draw_noisy


@dataclass(frozen=True)
class Moons:
    """Two half circles of radius 1, the lower one moved by (1, 1/2), equally likely, with noise; each seed its own.

    The shape of scikit-learn's ``make_moons``, its angles drawn uniformly instead of evenly spaced, so that rows are
    independent. Rows are float64 (2,). 500 held-out rows.

    Attributes:
        rows: training rows per seed.
        noise: standard deviation of the normal noise, per coordinate.

    Raises:
        InputError: rows below 1, or noise not a number of at least 0.
    """

    rows: int = 100
    noise: float = 0.05

    version: ClassVar[int] = 1
    kind: ClassVar[Literal["images", "points"]] = "points"
    labelled: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_positive("moons", self.rows, self.noise)

    @property
    def count(self) -> int:
        return self.rows

    @property
    def event(self) -> tuple[int, ...]:
        return (2,)

    def fingerprint(self) -> str:
        return ""

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Training rows, float64 (seeds, rows, 2)."""
        return draw_noisy(_place, 2, self.noise, seeds, 0, "train", self.rows)

    def test(self) -> np.ndarray:
        """Held-out rows, float64 (500, 2), the same for all seeds."""
        rows: np.ndarray = draw_noisy(_place, 2, self.noise, (0,), 0, "test", TEST_ROWS)[0]
        return rows

    def fresh(self, seeds: Sequence[int], generation: int, count: int) -> np.ndarray:
        """New rows for one generation, float64 (seeds, count, 2)."""
        return draw_noisy(_place, 2, self.noise, seeds, generation, "fresh", count)

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Along an arc E cos = 0, E sin = 2/pi and E cos^2 = E sin^2 = 1/2; the arcs' means are averaged."""
        upper, lower = np.array([0, 2 / np.pi]), np.array([1, 0.5 - 2 / np.pi])
        arc = np.diag([0.5, 0.5 - 4 / np.pi**2])
        between = np.outer(upper - lower, upper - lower) / 4
        return (upper + lower) / 2, arc + between + self.noise**2 * np.eye(2)


def _place(uniforms: np.ndarray) -> np.ndarray:
    angle = np.pi * uniforms[..., 1]
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=-1)
    return np.where(uniforms[..., :1] < 0.5, upper, lower)
