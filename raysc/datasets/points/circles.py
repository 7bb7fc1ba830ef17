"""Two concentric circles."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.datasets.points.toy_distribution import ToyDistribution

INNER_RADIUS = 0.8


@dataclass(frozen=True)
class Circles(ToyDistribution):
    """Two circles around 0, of radius 1 and 0.8, equally likely, with noise.

    The shape of scikit-learn's ``make_circles``. The angles are uniform, not evenly spaced, so that rows are
    independent.
    """

    name: ClassVar[str] = "circles"
    dim: ClassVar[int] = 2

    def shape_points(self, uniforms: np.ndarray) -> np.ndarray:
        radius = np.where(uniforms[..., 0] < 0.5, 1.0, INNER_RADIUS)
        angle = 2 * np.pi * uniforms[..., 1]
        return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Return mean 0, and half the mean squared radius plus noise^2 as the variance of each coordinate."""
        return np.zeros(2), ((1 + INNER_RADIUS**2) / 4 + self.noise**2) * np.eye(2)
