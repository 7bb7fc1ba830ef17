"""A linear target with noise: the data of the regression results."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from raysc.datasets.noisy_shape import check_positive
from raysc.errors import InputError
from raysc.rng import Streams, stream

TEST_ROWS = 1000
"""Held-out rows, as many as Kazdan et al. 2024 score; one for each dimension at least."""


@dataclass(frozen=True)
class Linear:
    """Rows (x, y) with y = x w + noise and x standard normal; each seed draws its own rows.

    Every seed has the same w, (1, ..., 1). Where x points every way alike only the length of w matters, and on average
    normal weights, as the paper draws them, have this one: |w|^2 = dim.

    Rows are float64 (dim + 1,), y last. Of one seed and dimension, fewer rows are a prefix of more.

    Attributes:
        dim: dimensions of x.
        rows: training rows per seed.
        noise: standard deviation of the normal noise in y (the paper's sigma, of which it lists the square).

    Raises:
        InputError: dim or rows below 1, or noise not a number of at least 0.
    """

    dim: int = 1
    rows: int = 100
    noise: float = 1.0

    version: ClassVar[int] = 1
    kind: ClassVar[Literal["images", "points"]] = "points"
    labelled: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_positive("linear", self.rows, self.noise)
        if self.dim < 1:
            raise InputError(f"linear: dim must be at least 1, not {self.dim}")

    @property
    def count(self) -> int:
        return self.rows

    @property
    def event(self) -> tuple[int, ...]:
        return (self.dim + 1,)

    def fingerprint(self) -> str:
        return ""

    def target(self, x: np.ndarray) -> np.ndarray:
        """What y is without noise: x w, float64 (...) of x (..., dim)."""
        found: np.ndarray = x.sum(axis=-1)
        return found

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Training rows, float64 (seeds, rows, dim + 1)."""
        return self._drawn(seeds, 0, "train", self.rows)

    def test(self) -> np.ndarray:
        """Held-out rows, float64 (1000, dim + 1), the same for all seeds.

        Their x are orthogonal and of unit mean square in every coordinate, as x is over its whole distribution: the
        mean square of any linear error over these rows is the one over all x, and no chance of 1000 draws is in it.
        """
        draws = stream(0, 0, "data", "test")
        count = max(TEST_ROWS, self.dim)
        x = np.linalg.qr(draws.standard_normal((count, self.dim)))[0] * np.sqrt(count)
        y = self.target(x) + self.noise * draws.standard_normal(count)
        return np.column_stack([x, y])

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Of x and y together."""
        covariance = np.eye(self.dim + 1)
        covariance[-1] = covariance[:, -1] = 1
        covariance[-1, -1] = self.dim + self.noise**2
        return np.zeros(self.dim + 1), covariance

    def fresh(self, seeds: Sequence[int], generation: int, count: int) -> np.ndarray:
        """New rows for one generation, float64 (seeds, count, dim + 1)."""
        return self._drawn(seeds, generation, "fresh", count)

    def _drawn(self, seeds: Sequence[int], generation: int, purpose: str, count: int) -> np.ndarray:
        # Two streams, so that fewer rows are a prefix of more.
        streams = Streams(tuple(seeds), generation)
        x = streams.normal((count, self.dim), "data", purpose, "x")
        y = self.target(x) + self.noise * streams.normal((count,), "data", purpose, "noise")
        return np.concatenate([x, y[..., None]], axis=2)
