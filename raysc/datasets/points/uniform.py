"""The uniform distribution on the unit cube."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raysc.datasets.seeded_distribution import Purpose, SeededDistribution, check_positive
from raysc.rng import Streams


@dataclass(frozen=True)
class Uniform(SeededDistribution):
    """Uniform rows in [0, 1]^dim, float64 (dim,); each seed draws its own rows. 1000 held-out rows.

    Attributes:
        dim: dimension.
        rows: training rows per seed.

    Raises:
        InputError: a parameter is below 1.
    """

    dim: int = 1
    rows: int = 100

    def __post_init__(self) -> None:
        check_positive("uniform", dim=self.dim, rows=self.rows)

    @property
    def event(self) -> tuple[int, ...]:
        return (self.dim,)

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and covariance."""
        return np.full(self.dim, 0.5), np.eye(self.dim) / 12

    def draw(self, seeds: Sequence[int], generation: int, purpose: Purpose, count: int) -> np.ndarray:
        """Draw rows, float64 (seeds, count, dim)."""
        return Streams(tuple(seeds), generation).uniform((count, self.dim), "data", purpose)
