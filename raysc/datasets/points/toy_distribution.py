"""Base of the toy distributions: points on a shape, with isotropic normal noise."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.datasets.seeded_distribution import Purpose, SeededDistribution, check_noise, check_positive
from raysc.rng import Streams


@dataclass(frozen=True)
class ToyDistribution(SeededDistribution):
    """Rows x + noise * z, float64 (dim,), with x on a shape and z standard normal; each seed draws its own rows.

    500 held-out rows, as many as Kazdan et al. 2024 score.

    Attributes:
        rows: training rows per seed.
        noise: standard deviation of the noise, per coordinate.
        name: name of the data set, for messages.
        dim: dimension of a row.

    Raises:
        InputError: rows is below 1, or noise is not a number of at least 0.
    """

    rows: int = 100
    noise: float = 0.05

    name: ClassVar[str]
    dim: ClassVar[int]
    test_rows: ClassVar[int] = 500

    def __post_init__(self) -> None:
        check_positive(self.name, rows=self.rows)
        check_noise(self.name, self.noise)

    @abstractmethod
    def shape_points(self, uniforms: np.ndarray) -> np.ndarray:
        """Map two uniforms per row, (..., 2), to points on the shape, (..., dim)."""

    def uniforms(self, streams: Streams, purpose: Purpose, count: int) -> np.ndarray:
        """Return the arguments of ``shape_points``, float64 (seeds, count, 2)."""
        return streams.uniform((count, 2), "data", purpose, "place")

    @property
    def event(self) -> tuple[int, ...]:
        return (self.dim,)

    def draw(self, seeds: Sequence[int], generation: int, purpose: Purpose, count: int) -> np.ndarray:
        """Draw rows, float64 (seeds, count, dim)."""
        # Two streams, so that fewer rows are a prefix of more.
        streams = Streams(tuple(seeds), generation)
        points = self.shape_points(self.uniforms(streams, purpose, count))
        rows: np.ndarray = points + self.noise * streams.normal((count, self.dim), "data", purpose, "noise")
        return rows
