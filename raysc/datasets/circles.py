"""Two circles, one inside the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from raysc.datasets.drawing import TEST_ROWS, check_positive, draw_noisy

INNER = 0.8


@dataclass(frozen=True)
class Circles:
    """Two circles around 0, of radius 1 and 0.8, equally likely, with noise; each seed draws its own rows.

    The shape of scikit-learn's ``make_circles``, its angles drawn uniformly instead of evenly spaced, so that rows are
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
        check_positive("circles", self.rows, self.noise)

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
        """0, and half the mean squared radius in each direction."""
        return np.zeros(2), ((1 + INNER**2) / 4 + self.noise**2) * np.eye(2)


def _place(uniforms: np.ndarray) -> np.ndarray:
    radius = np.where(uniforms[..., 0] < 0.5, 1.0, INNER)
    angle = 2 * np.pi * uniforms[..., 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
