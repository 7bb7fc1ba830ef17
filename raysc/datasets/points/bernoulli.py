"""The Bernoulli distribution, the data of results on exponential families."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raysc.datasets.seeded_distribution import Purpose, SeededDistribution, check_positive
from raysc.errors import InputError
from raysc.rng import Streams


@dataclass(frozen=True)
class Bernoulli(SeededDistribution):
    """Independent coordinates, 1 with probability p, else 0, float64 (dim,).

    Each seed draws its own rows; 1000 held-out rows.

    Attributes:
        dim: dimension.
        rows: training rows per seed.
        probability: p, of a one in each coordinate.

    Raises:
        InputError: dim or rows is below 1, or probability does not lie between 0 and 1.
    """

    dim: int = 1
    rows: int = 100
    probability: float = 0.3

    def __post_init__(self) -> None:
        check_positive("bernoulli", dim=self.dim, rows=self.rows)
        if not (0 < self.probability < 1):
            raise InputError(f"bernoulli: probability must lie between 0 and 1, not {self.probability:g}")

    @property
    def event(self) -> tuple[int, ...]:
        return (self.dim,)

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and covariance."""
        return np.full(self.dim, self.probability), self.probability * (1 - self.probability) * np.eye(self.dim)

    def draw(self, seeds: Sequence[int], generation: int, purpose: Purpose, count: int) -> np.ndarray:
        """Draw rows, float64 (seeds, count, dim)."""
        uniforms = Streams(tuple(seeds), generation).uniform((count, self.dim), "data", purpose)
        return (uniforms >= 1 - self.probability).astype(np.float64)
