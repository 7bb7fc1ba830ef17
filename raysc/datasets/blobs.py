"""Three round clusters: the toy in which a collapsing loop loses whole modes."""

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from raysc.datasets.noisy_shape import NoisyShape
from raysc.rng import stream

CENTRES = 3
SIDE = 10.0


@dataclass(frozen=True)
class Blobs(NoisyShape):
    """Three equally likely normals in the plane; each seed draws its own rows, all from the same three centres.

    The centres were drawn once, uniformly in [-10, 10]^2, and are the same for every number of rows and every noise.
    Training, held-out and fresh rows share them: held-out rows around other centres would be scored the better the
    wider a collapsed model has become.

    Attributes:
        noise: standard deviation of each cluster, per coordinate.
    """

    noise: float = 1.0

    name: ClassVar[str] = "blobs"
    dim: ClassVar[int] = 2

    def place(self, uniforms: np.ndarray) -> np.ndarray:
        placed: np.ndarray = _centres()[(uniforms[..., 0] * CENTRES).astype(int)]
        return placed

    def modes(self) -> tuple[np.ndarray, float]:
        """The three centres (3, 2), and the noise."""
        return _centres(), self.noise

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Those of the three centres, and the clusters' own variance."""
        centres = _centres()
        return centres.mean(axis=0), np.cov(centres.T, ddof=0) + self.noise**2 * np.eye(2)


@cache
def _centres() -> np.ndarray:
    centres: np.ndarray = stream(0, 0, "data", "blobs", "centres").uniform(-SIDE, SIDE, (CENTRES, 2))
    centres.flags.writeable = False
    return centres
