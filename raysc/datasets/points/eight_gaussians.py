"""Eight Gaussians on a ring, the usual two-dimensional test of mode coverage."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from raysc.datasets.seeded_distribution import Purpose, SeededDistribution, check_positive
from raysc.errors import InputError
from raysc.rng import stream

RADIUS = 4.0
MODES = 8


@dataclass(frozen=True)
class EightGaussians(SeededDistribution):
    """Eight equally likely modes, evenly spaced on a circle of radius 4, float32 (2,); each seed draws its own rows.

    1000 held-out rows.

    Attributes:
        rows: training rows per seed.
        noise: standard deviation of each mode, per coordinate.

    Raises:
        InputError: rows is below 1, or noise is not a positive number.
    """

    rows: int = 1000
    noise: float = 0.5

    def __post_init__(self) -> None:
        check_positive("eight_gaussians", rows=self.rows)
        if not (isfinite(self.noise) and self.noise > 0):
            raise InputError(f"eight_gaussians: noise must be a positive number, not {self.noise}")

    @property
    def event(self) -> tuple[int, ...]:
        return (2,)

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Return mean 0, and radius^2 / 2 + noise^2 as the variance of each coordinate."""
        return np.zeros(2), (RADIUS**2 / 2 + self.noise**2) * np.eye(2)

    def modes(self) -> tuple[np.ndarray, float]:
        """Return the eight centres, (8, 2), and the noise."""
        return _centres(np.arange(MODES)), self.noise

    def draw(self, seeds: Sequence[int], generation: int, purpose: Purpose, count: int) -> np.ndarray:
        """Draw rows, float32 (seeds, count, 2)."""
        return np.stack([self._draw(seed, generation, purpose, count) for seed in seeds])

    def _draw(self, seed: int, generation: int, purpose: Purpose, count: int) -> np.ndarray:
        # Two streams, so that fewer rows are a prefix of more.
        modes = stream(seed, generation, "data", purpose, "mode").integers(MODES, size=count)
        noise = stream(seed, generation, "data", purpose, "noise").standard_normal((count, 2))
        return (_centres(modes) + self.noise * noise).astype(np.float32)


def _centres(modes: np.ndarray) -> np.ndarray:
    angles = 2 * np.pi * modes / MODES
    return RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
