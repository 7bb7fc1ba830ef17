"""The Swiss roll, a rolled-up sheet in three dimensions."""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi, sin
from typing import ClassVar

import numpy as np

from raysc.datasets.points.toy_distribution import ToyDistribution

T_MIN, T_MAX = 1.5 * pi, 4.5 * pi
HEIGHT = 21.0


@dataclass(frozen=True)
class SwissRoll(ToyDistribution):
    """Points (t cos t, 21 u, t sin t), t uniform in [1.5 pi, 4.5 pi] and u uniform in [0, 1], with noise.

    The shape of scikit-learn's ``make_swiss_roll``.
    """

    name: ClassVar[str] = "swiss_roll"
    dim: ClassVar[int] = 3

    def shape_points(self, uniforms: np.ndarray) -> np.ndarray:
        t = T_MIN + (T_MAX - T_MIN) * uniforms[..., 0]
        return np.stack([t * np.cos(t), HEIGHT * uniforms[..., 1], t * np.sin(t)], axis=-1)

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the moments, from integrals of t cos t, t sin t and their products over t, divided by its range."""
        x, z = _mean_over_t(lambda t: t * sin(t) + cos(t)), _mean_over_t(lambda t: sin(t) - t * cos(t))
        mean = np.array([x, HEIGHT / 2, z])
        # t^2 cos^2 t = (t^2 + t^2 cos 2t) / 2, t^2 sin^2 t = (t^2 - t^2 cos 2t) / 2, t^2 sin t cos t = t^2 sin 2t / 2
        square = _mean_over_t(lambda t: t**3 / 3)
        cosine = _mean_over_t(lambda t: (t**2 / 2 - 1 / 4) * sin(2 * t) + t * cos(2 * t) / 2)
        sine = _mean_over_t(lambda t: (1 / 4 - t**2 / 2) * cos(2 * t) + t * sin(2 * t) / 2)
        second = np.array(
            [
                [(square + cosine) / 2, mean[0] * mean[1], sine / 2],
                [mean[0] * mean[1], HEIGHT**2 / 3, mean[1] * mean[2]],
                [sine / 2, mean[1] * mean[2], (square - cosine) / 2],
            ]
        )
        return mean, second - np.outer(mean, mean) + self.noise**2 * np.eye(3)


def _mean_over_t(antiderivative: Callable[[float], float]) -> float:
    """Return the mean over t of a function with this antiderivative."""
    return (antiderivative(T_MAX) - antiderivative(T_MIN)) / (T_MAX - T_MIN)
