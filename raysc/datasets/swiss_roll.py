"""The Swiss roll: a sheet rolled up in three dimensions."""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi, sin
from typing import ClassVar

import numpy as np

from raysc.datasets.noisy_shape import NoisyShape

INNER, OUTER = 1.5 * pi, 4.5 * pi
HEIGHT = 21.0


@dataclass(frozen=True)
class SwissRoll(NoisyShape):
    """Points (t cos t, 21 u, t sin t) with t uniform in [1.5 pi, 4.5 pi] and u in [0, 1], and noise.

    scikit-learn's ``make_swiss_roll``.
    """

    name: ClassVar[str] = "swiss_roll"
    dim: ClassVar[int] = 3

    def place(self, uniforms: np.ndarray) -> np.ndarray:
        t = INNER + (OUTER - INNER) * uniforms[..., 0]
        return np.stack([t * np.cos(t), HEIGHT * uniforms[..., 1], t * np.sin(t)], axis=-1)

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


def _mean(integral: Callable[[float], float]) -> float:
    """The mean over t of a function whose integral is given."""
    return (integral(OUTER) - integral(INNER)) / (OUTER - INNER)
