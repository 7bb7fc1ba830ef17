"""Labels of two classes by a logistic model, the data of results on logistic regression."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from scipy.special import expit

from raysc.datasets.seeded_distribution import Purpose, SeededDistribution, check_positive
from raysc.errors import InputError
from raysc.rng import Streams


@dataclass(frozen=True)
class Logistic(SeededDistribution):
    """Rows (x, y) with x standard normal and y 1 with probability 1 / (1 + exp(-x w)), else 0, float64 (dim + 1,).

    y is last. Every seed has the same w, of equal coordinates, and draws its own rows; 1000 held-out rows.

    Attributes:
        dim: dimension of x.
        rows: training rows per seed.
        strength: length of w, the standard deviation of the log odds x w.

    Raises:
        InputError: dim or rows is below 1, or strength is not a number of at least 0.
    """

    dim: int = 1
    rows: int = 100
    strength: float = 1.0

    def __post_init__(self) -> None:
        check_positive("logistic", rows=self.rows, dim=self.dim)
        if not (isfinite(self.strength) and self.strength >= 0):
            raise InputError(f"logistic: strength must be a number of at least 0, not {self.strength:g}")

    @property
    def event(self) -> tuple[int, ...]:
        return (self.dim + 1,)

    def target(self, x: np.ndarray) -> np.ndarray:
        """Return the probability that y is 1, float64 (...), at x (..., dim)."""
        probability: np.ndarray = expit(x.sum(axis=-1) * (self.strength / self.dim**0.5))
        return probability

    def draw(self, seeds: Sequence[int], generation: int, purpose: Purpose, count: int) -> np.ndarray:
        """Draw rows, float64 (seeds, count, dim + 1)."""
        # Two streams, so that fewer rows are a prefix of more.
        streams = Streams(tuple(seeds), generation)
        x = streams.normal((count, self.dim), "data", purpose, "x")
        y = streams.uniform((count,), "data", purpose, "label") < self.target(x)
        return np.concatenate([x, y[..., None]], axis=2)
