"""Normal distributions of unit covariance, the data of the closed-form results."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raysc.datasets.seeded_distribution import Purpose, SeededDistribution, check_positive
from raysc.rng import Streams


@dataclass(frozen=True)
class Gaussian(SeededDistribution):
    """N(mean, I) in ``dim`` dimensions, float64 (dim,); each seed draws its own rows. 1000 held-out rows.

    Attributes:
        dim: dimension.
        rows: training rows per seed.
        mean: mean of every coordinate; models that read each other's samples may have different ones.

    Raises:
        InputError: a parameter is below 1.
    """

    dim: int = 1
    rows: int = 100
    mean: float = 0.0

    def __post_init__(self) -> None:
        check_positive("gaussian", dim=self.dim, rows=self.rows)

    @property
    def event(self) -> tuple[int, ...]:
        return (self.dim,)

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean and the identity."""
        return np.full(self.dim, float(self.mean)), np.eye(self.dim)

    def draw(self, seeds: Sequence[int], generation: int, purpose: Purpose, count: int) -> np.ndarray:
        """Draw rows, float64 (seeds, count, dim)."""
        return Streams(tuple(seeds), generation).normal((count, self.dim), "data", purpose) + self.mean
