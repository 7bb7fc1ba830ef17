"""Equally likely unordered outcomes, the data of the discrete results."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raysc.datasets.seeded_distribution import Purpose, SeededDistribution, check_positive
from raysc.rng import Streams


@dataclass(frozen=True)
class Categories(SeededDistribution):
    """One of K equally likely outcomes per row, int32 (1,), 0 to K - 1; each seed draws its own rows.

    1000 held-out rows.

    Attributes:
        outcomes: K.
        rows: training rows per seed.

    Raises:
        InputError: a parameter is below 1.
    """

    outcomes: int = 10
    rows: int = 100

    def __post_init__(self) -> None:
        check_positive("categories", outcomes=self.outcomes, rows=self.rows)

    @property
    def event(self) -> tuple[int, ...]:
        return (1,)

    def probabilities(self) -> np.ndarray:
        """Return 1 / K for every outcome, float64 (K,)."""
        return np.full(self.outcomes, 1 / self.outcomes)

    def draw(self, seeds: Sequence[int], generation: int, purpose: Purpose, count: int) -> np.ndarray:
        """Draw rows, int32 (seeds, count, 1)."""
        uniforms = Streams(tuple(seeds), generation).uniform((count, 1), "data", purpose)
        return (uniforms * self.outcomes).astype(np.int32)
