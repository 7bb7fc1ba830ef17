"""The Swiss roll: a sheet rolled up in three dimensions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, pi, sin
from typing import ClassVar, Literal

import numpy as np

from raysc.datasets.drawing import TEST_ROWS, check_positive, draw_noisy

INNER, OUTER = 1.5 * pi, 4.5 * pi
HEIGHT = 21.0


@dataclass(frozen=True)
class SwissRoll:
    """Points (t cos t, 21 u, t sin t) with t uniform in [1.5 pi, 4.5 pi] and u in [0, 1], and noise; each seed its own.

    scikit-learn's ``make_swiss_roll``. Rows are float64 (3,). 500 held-out rows.

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
        check_positive("swiss_roll", self.rows, self.noise)

    @property
    def count(self) -> int:
        return self.rows

    @property
    def event(self) -> tuple[int, ...]:
        return (3,)

    def fingerprint(self) -> str:
        return ""

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Training rows, float64 (seeds, rows, 3)."""
        return draw_noisy(_place, 3, self.noise, seeds, 0, "train", self.rows)

    def test(self) -> np.ndarray:
        """Held-out rows, float64 (500, 3), the same for all seeds."""
        rows: np.ndarray = draw_noisy(_place, 3, self.noise, (0,), 0, "test", TEST_ROWS)[0]
        return rows

    def fresh(self, seeds: Sequence[int], generation: int, count: int) -> np.ndarray:
        """New rows for one generation, float64 (seeds, count, 3)."""
        return draw_noisy(_place, 3, self.noise, seeds, generation, "fresh", count)

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Integrals of t cos t and the like over t, divided by its range."""
        mean = np.array([_mean(lambda t: t * sin(t) + cos(t)), HEIGHT / 2, _mean(lambda t: sin(t) - t * cos(t))])
        # t^2 cos^2 t = (t^2 + t^2 cos 2t) / 2, t^2 sin^2 t = (t^2 - t^2 cos 2t) / 2, t^2 sin t cos t = t^2 sin 2t / 2
        square = _mean(lambda t: t**3 / 3)
        cosine = _mean(lambda t: (t**2 / 2 - 1 / 4) * sin(2 * t) + t * cos(2 * t) / 2)
        sine = _mean(lambda t: (1 / 4 - t**2 / 2) * cos(2 * t) + t * sin(2 * t) / 2)
        second = np.array(
            [
                [(square + cosine) / 2, mean[0] * mean[1], sine / 2],
                [mean[0] * mean[1], HEIGHT**2 / 3, mean[1] * mean[2]],
                [sine / 2, mean[1] * mean[2], (square - cosine) / 2],
            ]
        )
        return mean, second - np.outer(mean, mean) + self.noise**2 * np.eye(3)


def _place(uniforms: np.ndarray) -> np.ndarray:
    t = INNER + (OUTER - INNER) * uniforms[..., 0]
    return np.stack([t * np.cos(t), HEIGHT * uniforms[..., 1], t * np.sin(t)], axis=-1)


def _mean(integral: Callable[[float], float]) -> float:
    """The mean over t of a function whose integral is given."""
    return (integral(OUTER) - integral(INNER)) / (OUTER - INNER)
