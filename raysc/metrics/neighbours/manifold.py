"""Nearest neighbours, and the balls around rows that precision, recall, density and coverage are made of.

Distances are Euclidean and those that decide are exact (no expansion into dot products), so that equal rows are at
distance 0 and results depend neither on threads nor on block sizes. Work is done in blocks: memory stays small, time
grows as m n dim.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.spatial.distance import cdist

from raysc.errors import InputError
from raysc.metrics.core.metric import Column, Compared, Features, Vectors
from raysc.metrics.core.pairs import against_both, column_name, columns_against_both

BLOCK = 2**24
"""Distances held at once."""
WIDE = 128
"""Features from which on distances are told by matrix products, ten times faster; close calls are looked at again."""


@dataclass(frozen=True, eq=False)
class Distances:
    """Squared distances of some rows to all others.

    Attributes:
        rows: float64 (block, dim).
        others: float64 (others, dim).
        squares: float64 (block, others); of wide rows by dot products.
        slack: how far off those may be, float64 (block, 1); 0 where they are exact.
    """

    rows: np.ndarray
    others: np.ndarray
    squares: np.ndarray
    slack: np.ndarray

    def smallest(self, k: int) -> np.ndarray:
        """Each row's distance to the k-th nearest of the others, counted from 0, float64 (block,)."""
        found: np.ndarray = np.partition(self.squares, k, axis=1)[:, k]
        if self.slack.any():
            # Of k + 1 others none is further than found + slack, so no further one can be among the nearest.
            for row, near in _by_row(self.squares <= found[:, None] + 2 * self.slack):
                found[row] = np.partition(self._exact(row, near), k)[k]
        return found

    def within(self, radii: np.ndarray) -> np.ndarray:
        """Which are at most some squared radii, (others,) or (block, 1): bool (block, others)."""
        inside: np.ndarray = self.squares <= radii - self.slack
        if self.slack.any():
            radii = np.broadcast_to(radii, inside.shape)
            for row, near in _by_row((self.squares <= radii + self.slack) & ~inside):
                inside[row, near] = self._exact(row, near) <= radii[row, near]
        return inside

    def _exact(self, row: int, near: np.ndarray) -> np.ndarray:
        exact: np.ndarray = cdist(self.rows[row : row + 1], self.others[near], "sqeuclidean")[0]
        return exact


def _by_row(chosen: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """The rows that chose any others, and which."""
    for row in np.flatnonzero(chosen.any(axis=1)):
        yield int(row), np.flatnonzero(chosen[row])


def distance_blocks(rows: np.ndarray, others: np.ndarray) -> Iterator[tuple[slice, Distances]]:
    """A block of rows at a time: which rows, and their distances."""
    step, dim = max(1, BLOCK // len(others)), rows.shape[1]
    lengths, other_lengths = (np.einsum("ij,ij->i", one, one) for one in (rows, others))
    for first in range(0, len(rows), step):
        block = slice(first, first + step)
        own = rows[block]
        if dim < WIDE:
            yield block, Distances(own, others, cdist(own, others, "sqeuclidean"), np.zeros((len(own), 1)))
            continue
        squares = own @ others.T
        squares *= -2
        squares += lengths[block, None]
        squares += other_lengths
        # Each of the three sums is off by at most dim roundings of |x|^2 + |y|^2, the exact one too; and as much again.
        slack = 4 * (dim + 4) * np.finfo(np.float64).eps * (lengths[block, None] + other_lengths.max())
        yield block, Distances(own, others, squares, slack)


def nearest(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Squared distance of each row to the nearest of the others, float64 (rows,)."""
    return np.concatenate([distances.smallest(0) for _, distances in distance_blocks(rows, others)])


def squared_radii(rows: np.ndarray, k: int) -> np.ndarray:
    """Squared distance of each row to its k-th nearest neighbour in its own set, itself left out, float64 (rows,)."""
    # Position k, because the row itself, at distance 0, takes one place.
    return np.concatenate([distances.smallest(k) for _, distances in distance_blocks(rows, rows)])


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
        inside = distances.within(real_radii)
        balls[block] = inside.sum(axis=1)
        covered |= inside.any(axis=0)
        recalled |= distances.within(radii[block, None]).any(axis=0)
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
