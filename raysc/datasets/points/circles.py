"""Two concentric circles."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.datasets.points.even_angles import Angles, even_uniforms
from raysc.datasets.points.toy_distribution import ToyDistribution
from raysc.datasets.seeded_distribution import Purpose
from raysc.rng import Streams

INNER_RADIUS = 0.8


@dataclass(frozen=True)
class Circles(ToyDistribution):
    """Two circles around 0, of radius 1 and 0.8, equally likely, with noise.

    The shape of scikit-learn's ``make_circles``.

    Attributes:
        angles: random: uniform, so that rows are independent; even: evenly spaced within the rows of one draw, in
            random order, as scikit-learn has them. Then fewer rows are no prefix of more, and closed forms do not hold.
    """

    angles: Angles = "random"

    name: ClassVar[str] = "circles"
    dim: ClassVar[int] = 2

    def uniforms(self, streams: Streams, purpose: Purpose, count: int) -> np.ndarray:
        if self.angles == "even":
            return even_uniforms(streams, purpose, count, closed=False)
        return super().uniforms(streams, purpose, count)

    def shape_points(self, uniforms: np.ndarray) -> np.ndarray:
        radius = np.where(uniforms[..., 0] < 0.5, 1.0, INNER_RADIUS)
        angle = 2 * np.pi * uniforms[..., 1]
        return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Return mean 0, and half the mean squared radius plus noise^2 as the variance of each coordinate."""
        return np.zeros(2), ((1 + INNER_RADIUS**2) / 4 + self.noise**2) * np.eye(2)
