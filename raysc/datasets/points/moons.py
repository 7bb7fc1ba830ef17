"""Two interleaved half circles."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.datasets.points.even_angles import Angles, even_uniforms
from raysc.datasets.points.toy_distribution import ToyDistribution
from raysc.datasets.seeded_distribution import Purpose
from raysc.rng import Streams


@dataclass(frozen=True)
class Moons(ToyDistribution):
    """Two half circles of radius 1, the lower one shifted by (1, 1/2), equally likely, with noise.

    The shape of scikit-learn's ``make_moons``.

    Attributes:
        angles: random: uniform, so that rows are independent; even: evenly spaced within the rows of one draw, in
            random order, as scikit-learn has them. Then fewer rows are no prefix of more, and closed forms do not hold.
    """

    angles: Angles = "random"

    name: ClassVar[str] = "moons"
    dim: ClassVar[int] = 2

    def uniforms(self, streams: Streams, purpose: Purpose, count: int) -> np.ndarray:
        if self.angles == "even":
            return even_uniforms(streams, purpose, count, closed=True)
        return super().uniforms(streams, purpose, count)

    def shape_points(self, uniforms: np.ndarray) -> np.ndarray:
        angle = np.pi * uniforms[..., 1]
        upper = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=-1)
        return np.where(uniforms[..., :1] < 0.5, upper, lower)

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the moments of the mixture of both arcs.

        Along an arc E cos = 0, E sin = 2/pi and E cos^2 = E sin^2 = 1/2. The covariance is that within an arc plus that
        between the two means plus that of the noise.
        """
        upper, lower = np.array([0, 2 / np.pi]), np.array([1, 0.5 - 2 / np.pi])
        within = np.diag([0.5, 0.5 - 4 / np.pi**2])
        between = np.outer(upper - lower, upper - lower) / 4
        return (upper + lower) / 2, within + between + self.noise**2 * np.eye(2)
