"""Nearest neighbours, and the balls around rows that precision, recall, density and coverage are made of.

Distances are Euclidean and exact (no expansion into dot products), so that equal rows are at distance 0 and results
depend neither on threads nor on block sizes. Work is done in blocks: memory stays small, time grows as m n dim.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.spatial.distance import cdist

from raysc.errors import InputError
from raysc.metrics.against import against_both, column_name, columns_against_both
from raysc.metrics.metric import Column, Compared, Features, Vectors

BLOCK = 2**22
"""Distances held at once."""


def distance_blocks(rows: np.ndarray, others: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Squared distances, a block of rows at a time: (which rows, float64 (block, others))."""
    step = max(1, BLOCK // len(others))
    for first in range(0, len(rows), step):
        block = slice(first, first + step)
        yield block, cdist(rows[block], others, "sqeuclidean")


def nearest(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Squared distance of each row to the nearest of the others, float64 (rows,)."""
    return np.concatenate([distances.min(axis=1) for _, distances in distance_blocks(rows, others)])


def squared_radii(rows: np.ndarray, k: int) -> np.ndarray:
    """Squared distance of each row to its k-th nearest neighbour in its own set, itself left out, float64 (rows,)."""
    # Position k, because the row itself, at distance 0, takes one place.
    return np.concatenate([np.partition(distances, k, axis=1)[:, k] for _, distances in distance_blocks(rows, rows)])


@dataclass(frozen=True)
class Neighbourhood:
    """Which generated and real rows lie in each other's balls; a ball reaches, inclusively, to the k-th neighbour.

    Attributes:
        balls: in how many real rows' balls each generated row lies, int64 (m,).
        recalled: whether each real row lies in some generated row's ball, bool (n,).
        covered: whether each real row's ball holds some generated row, bool (n,).
    """

    balls: np.ndarray
    recalled: np.ndarray
    covered: np.ndarray


def neighbourhood(generated: Vectors, real: Vectors, k: int) -> Neighbourhood:
    """The neighbourhood of (generated, real), computed once for all the metrics that ask for it."""
    return generated.once((neighbourhood, real, k), lambda: _neighbourhood(generated, real, k))


def _neighbourhood(generated: Vectors, real: Vectors, k: int) -> Neighbourhood:
    real_radii = real.once((squared_radii, k), lambda: squared_radii(real.array, k))
    radii = generated.once((squared_radii, k), lambda: squared_radii(generated.array, k))
    balls = np.zeros(len(generated.array), dtype=np.int64)
    recalled = np.zeros(len(real.array), dtype=bool)
    covered = np.zeros(len(real.array), dtype=bool)
    for block, distances in distance_blocks(generated.array, real.array):
        inside = distances <= real_radii
        balls[block] = inside.sum(axis=1)
        covered |= inside.any(axis=0)
        recalled |= (distances <= radii[block, None]).any(axis=0)
    return Neighbourhood(balls, recalled, covered)


@dataclass(frozen=True)
class OfNeighbours(ABC):
    """What precision, recall, density and coverage have in common.

    Attributes:
        features: what is compared; the data's default if not set.
        k: neighbours that a ball reaches to.
        name: of the metric.
        unit: of its values.

    Raises:
        InputError: k is below 1.
    """

    features: Features | None = None
    k: int = 3

    name: ClassVar[str]
    unit: ClassVar[str] = "share of rows"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if self.k < 1:
            raise InputError(f"{self.name}: k must be at least 1, not {self.k}")

    @abstractmethod
    def value(self, found: Neighbourhood) -> float:
        """The metric of one seed."""

    @property
    def least_rows(self) -> int:
        return self.k + 1

    @property
    def columns(self) -> tuple[Column, ...]:
        return columns_against_both(column_name(self.name, self.features, self.k), "higher", "linear", self.unit)

    def measure(self, compared: Compared) -> dict[str, np.ndarray]:
        def pair(generated: Vectors, real: Vectors) -> float:
            return self.value(neighbourhood(generated, real, self.k))

        return against_both(column_name(self.name, self.features, self.k), compared, pair)
