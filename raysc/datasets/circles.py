"""Two circles, one inside the other."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.datasets.noisy_shape import NoisyShape

INNER = 0.8


@dataclass(frozen=True)
class Circles(NoisyShape):
    """Two circles around 0, of radius 1 and 0.8, equally likely, with noise.

    The shape of scikit-learn's ``make_circles``, its angles drawn uniformly instead of evenly spaced, so that rows are
    independent.
    """

    name: ClassVar[str] = "circles"
    dim: ClassVar[int] = 2

    def place(self, uniforms: np.ndarray) -> np.ndarray:
        radius = np.where(uniforms[..., 0] < 0.5, 1.0, INNER)
        angle = 2 * np.pi * uniforms[..., 1]
        return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """0, and half the mean squared radius in each direction."""
        return np.zeros(2), ((1 + INNER**2) / 4 + self.noise**2) * np.eye(2)
