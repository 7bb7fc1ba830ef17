"""Corrected: samples moved towards the centres of the real rows."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from math import isfinite
from typing import ClassVar

import numpy as np

from raysc.curation.curation import correct
from raysc.errors import InputError
from raysc.regimes.recipe import Take

ITERATIONS = 50
"""Most iterations of k-means."""


@dataclass(frozen=True)
class Corrected:
    """Samples corrected with a strength gamma (Gillman et al. 2024): x becomes (x + gamma c(x)) / (1 + gamma).

    c(x) is the centre nearest to x among the k-means centres of the seed's real rows. With one centre, the mean of the
    real rows, the distance of a mix's mean from it contracts by lambda / ((1 + lambda) (1 + gamma)) per generation.

    Attributes:
        strength: gamma, at least 0; 0 leaves the samples as they are.
        centres: number of centres, 1 to n.
    """

    strength: float
    centres: int = 1

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not (self.strength >= 0 and isfinite(self.strength)):
            raise InputError(f"strength must be a number of at least 0, not {self.strength:g}")
        if self.centres < 1:
            raise InputError(f"centres must be at least 1, not {self.centres}")

    def check(self, kind: str, event: tuple[int, ...]) -> None:
        """Raise InputError for text, whose tokens have no centres."""
        if kind == "text":
            raise InputError("curation: corrected moves rows towards centres, and rows of text have none")

    def curate(self, take: Take) -> Take:
        """Return the take with corrected rows."""
        return correct(take, self.move)

    def move(self, rows: np.ndarray, real: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return the rows moved towards their centres, of the same shape and dtype; integers are rounded."""
        flat = rows.reshape(len(rows), -1).astype(np.float64)
        centres = self._centres(real)
        moved = (flat + self.strength * centres[_nearest(flat, centres)]) / (1 + self.strength)
        if rows.dtype.kind in "iu":
            moved = np.rint(moved)
        corrected: np.ndarray = moved.reshape(rows.shape).astype(rows.dtype)
        return corrected

    def _centres(self, real: np.ndarray) -> np.ndarray:
        """Return the centres of the real rows, float64 (centres, values); computed once, for all generations."""
        content = blake2b(np.ascontiguousarray(real).data).digest()
        if content not in self._centres_by_content:
            self._centres_by_content[content] = k_means(real.reshape(len(real), -1).astype(np.float64), self.centres)
        return self._centres_by_content[content]

    @cached_property
    def _centres_by_content(self) -> dict[bytes, np.ndarray]:
        return {}


def k_means(rows: np.ndarray, count: int) -> np.ndarray:
    """Return k-means centres by Lloyd's algorithm, float64 (count, dim), without random choices.

    It starts from the row nearest to the mean, and then the row farthest from the rows before it, one after another.

    Args:
        rows: float64 (n, dim).
        count: number of centres.

    Raises:
        InputError: there are fewer rows than centres.
    """
    if count > len(rows):
        raise InputError(f"curation.centres: {count} centres of {len(rows)} real rows")
    distances = np.linalg.norm(rows - rows.mean(axis=0), axis=1)
    centres = rows[[int(distances.argmin())]]
    nearest = np.full(len(rows), np.inf)
    while len(centres) < count:
        nearest = np.minimum(nearest, np.linalg.norm(rows - centres[-1], axis=1))
        centres = np.concatenate([centres, rows[[int(nearest.argmax())]]])
    for _ in range(ITERATIONS):
        labels = _nearest(rows, centres)
        members = np.arange(count)[:, None] == labels
        sizes = members.sum(axis=1, keepdims=True)
        moved = np.where(sizes > 0, members.astype(np.float64) @ rows / np.maximum(sizes, 1), centres)
        if (moved == centres).all():
            break
        centres = moved
    return centres


def _nearest(rows: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return the index of the centre nearest to each row, int64 (n,)."""
    squares = np.square(centres).sum(axis=1) - 2 * rows @ centres.T
    nearest: np.ndarray = squares.argmin(axis=1)
    return nearest
