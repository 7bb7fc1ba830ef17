"""Unordered outcomes, the data of the discrete results."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from raysc.datasets.seeded_distribution import Purpose, SeededDistribution, check_positive
from raysc.errors import InputError
from raysc.rng import Streams


@dataclass(frozen=True)
class Categories(SeededDistribution):
    """One of K outcomes per row, int32 (1,), 0 to K - 1; each seed draws its own rows.

    1000 held-out rows.

    Attributes:
        outcomes: K, for equally likely outcomes.
        rows: training rows per seed.
        proportions: positive numbers in proportion to the probabilities of the outcomes, in the place of ``outcomes``;
            none: they are equally likely.

    Raises:
        InputError: a parameter is below 1, a proportion is not positive, or both kinds of outcomes are set.
    """

    outcomes: int = 10
    rows: int = 100
    proportions: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        check_positive("categories", outcomes=self.outcomes, rows=self.rows)
        if self.proportions is None:
            return
        if self.outcomes != 10:
            raise InputError("categories: proportions say how many outcomes there are; leave out outcomes")
        if not self.proportions or not all(isfinite(share) and share > 0 for share in self.proportions):
            raise InputError(f"categories: proportions must be positive numbers, not {list(self.proportions)}")

    @property
    def event(self) -> tuple[int, ...]:
        return (1,)

    def probabilities(self) -> np.ndarray:
        """Return the probabilities of the outcomes, float64 (K,)."""
        if self.proportions is None:
            return np.full(self.outcomes, 1 / self.outcomes)
        return np.array(self.proportions) / sum(self.proportions)

    def draw(self, seeds: Sequence[int], generation: int, purpose: Purpose, count: int) -> np.ndarray:
        """Draw rows, int32 (seeds, count, 1)."""
        uniforms = Streams(tuple(seeds), generation).uniform((count, 1), "data", purpose)
        if self.proportions is None:
            return (uniforms * self.outcomes).astype(np.int32)
        ends = np.cumsum(self.probabilities())[:-1]  # without the last, which is 1 up to rounding
        return np.searchsorted(ends, uniforms, side="right").astype(np.int32)
