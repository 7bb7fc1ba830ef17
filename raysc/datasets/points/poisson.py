"""The Poisson distribution, the data of results on exponential families."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from raysc.datasets.seeded_distribution import Purpose, SeededDistribution, check_positive
from raysc.errors import InputError
from raysc.rng import Streams


@dataclass(frozen=True)
class Poisson(SeededDistribution):
    """Independent coordinates, counts of mean mu, float64 (dim,); each seed draws its own rows. 1000 held-out rows.

    Attributes:
        dim: dimension.
        rows: training rows per seed.
        mean: mu, the mean of each coordinate.

    Raises:
        InputError: dim or rows is below 1, or mean is not a positive number.
    """

    dim: int = 1
    rows: int = 100
    mean: float = 2.0

    def __post_init__(self) -> None:
        check_positive("poisson", dim=self.dim, rows=self.rows)
        if not (isfinite(self.mean) and self.mean > 0):
            raise InputError(f"poisson: mean must be a positive number, not {self.mean:g}")

    @property
    def event(self) -> tuple[int, ...]:
        return (self.dim,)

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and covariance."""
        return np.full(self.dim, self.mean), self.mean * np.eye(self.dim)

    def draw(self, seeds: Sequence[int], generation: int, purpose: Purpose, count: int) -> np.ndarray:
        """Draw rows, float64 (seeds, count, dim)."""
        from scipy.stats import poisson  # takes half a second to import; a plan draws no rows

        uniforms = Streams(tuple(seeds), generation).uniform((count, self.dim), "data", purpose)
        counts = np.asarray(poisson.ppf(uniforms, self.mean), np.float64)
        return np.where(counts > 0, counts, 0.0)  # the quantile at probability 0 is -1
