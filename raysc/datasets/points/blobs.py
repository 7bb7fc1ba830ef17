"""Three round clusters, a toy distribution in which self-consuming training loses whole modes."""

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from raysc.datasets.points.toy_distribution import ToyDistribution
from raysc.rng import stream

MODES = 3
HALF_WIDTH = 10.0
"""The centres lie in [-10, 10]^2."""


@dataclass(frozen=True)
class Blobs(ToyDistribution):
    """Three equally likely normals in the plane; each seed draws its own rows around the same three centres.

    The centres were drawn once, uniformly in [-10, 10]^2, and do not depend on the number of rows or the noise.
    Training, held-out and fresh rows share them: around other centres, held-out rows would be more likely under a
    collapsed model the wider it is.

    Attributes:
        noise: standard deviation of each cluster, per coordinate.
    """

    noise: float = 1.0

    name: ClassVar[str] = "blobs"
    dim: ClassVar[int] = 2

    def shape_points(self, uniforms: np.ndarray) -> np.ndarray:
        points: np.ndarray = _centres()[(uniforms[..., 0] * MODES).astype(int)]
        return points

    def modes(self) -> tuple[np.ndarray, float]:
        """Return the three centres, (3, 2), and the noise."""
        return _centres(), self.noise

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean of the centres, and their covariance plus that of the noise."""
        centres = _centres()
        return centres.mean(axis=0), np.cov(centres.T, ddof=0) + self.noise**2 * np.eye(2)


@cache
def _centres() -> np.ndarray:
    centres: np.ndarray = stream(0, 0, "data", "blobs", "centres").uniform(-HALF_WIDTH, HALF_WIDTH, (MODES, 2))
    centres.flags.writeable = False
    return centres
