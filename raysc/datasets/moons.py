"""Two half moons that reach into each other."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.datasets.noisy_shape import NoisyShape


@dataclass(frozen=True)
class Moons(NoisyShape):
    """Two half circles of radius 1, the lower one moved by (1, 1/2), equally likely, with noise.

    The shape of scikit-learn's ``make_moons``, its angles drawn uniformly instead of evenly spaced, so that rows are
    independent.
    """

    name: ClassVar[str] = "moons"
    dim: ClassVar[int] = 2

    def place(self, uniforms: np.ndarray) -> np.ndarray:
        angle = np.pi * uniforms[..., 1]
        upper = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=-1)
        return np.where(uniforms[..., :1] < 0.5, upper, lower)

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Along an arc E cos = 0, E sin = 2/pi and E cos^2 = E sin^2 = 1/2; the arcs' means are averaged."""
        upper, lower = np.array([0, 2 / np.pi]), np.array([1, 0.5 - 2 / np.pi])
        arc = np.diag([0.5, 0.5 - 4 / np.pi**2])
        between = np.outer(upper - lower, upper - lower) / 4
        return (upper + lower) / 2, arc + between + self.noise**2 * np.eye(2)
