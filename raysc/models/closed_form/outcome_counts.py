"""How often each outcome occurs in some rows, for all seeds at once: counts of those that some seed still has."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from raysc.pool.rows import TrainingSet
from raysc.rng import Streams


@dataclass(frozen=True)
class Tally:
    """Counts of outcomes.

    Attributes:
        outcomes: int64 (m,), growing.
        counts: rows per seed and outcome, int64 (seeds or 1, m).
    """

    outcomes: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray) -> "Tally":
        """Counts of rows (seeds or 1, count, 1), whole numbers."""
        outcomes = np.unique(rows).astype(np.int64)
        numbers = np.searchsorted(outcomes, rows[..., 0]) + len(outcomes) * np.arange(len(rows))[:, None]
        counts = np.bincount(numbers.reshape(-1), minlength=len(rows) * len(outcomes))
        return cls(outcomes, counts.reshape(len(rows), -1))

    def __add__(self, other: "Tally") -> "Tally":
        """Counts of both together."""
        outcomes = np.union1d(self.outcomes, other.outcomes)
        counts = np.zeros((max(len(self.counts), len(other.counts)), len(outcomes)), np.int64)
        for one in (self, other):
            counts[:, np.searchsorted(outcomes, one.outcomes)] += one.counts
        return Tally(outcomes, counts)

    def kept(self) -> "Tally":
        """Without the outcomes that no seed has: where a few survive, a few are what a generation costs."""
        there = self.counts.any(axis=0)
        return self if there.all() else Tally(self.outcomes[there], self.counts[:, there])


class Draws(Protocol):
    """A family that can draw the rows which a tally counts."""

    def sample(self, state: Any, first: int, count: int, streams: Streams) -> np.ndarray: ...


@dataclass(frozen=True)
class TalliedBlock:
    """Rows of which only the counts were drawn; the rows themselves are made when they are first loaded, and kept.

    Attributes:
        tally: their counts.
        family: draws the rows that have these counts.
        state: the model that they come from.
        streams: of its generation.
    """

    key: Hashable
    first: int
    rows: int
    tally: Tally
    family: Draws
    state: Any
    streams: Streams
    sha256: str = ""
    acceptance: None = None

    def load(self) -> np.ndarray:
        """The rows, (seeds, rows, 1)."""
        return self._drawn

    @cached_property
    def _drawn(self) -> np.ndarray:
        return self.family.sample(self.state, self.first, self.rows, self.streams)


def tally_of(training_set: TrainingSet) -> Tally:
    """Counts of a training set's rows, from those of its blocks where all rows of all of them are taken."""
    blocks = [block for part in training_set.parts for block in part.rows.blocks]
    if training_set.positions is not None or any(part.indices is not None for part in training_set.parts):
        return Tally.of(training_set.load())
    tallies = [block.tally if isinstance(block, TalliedBlock) else Tally.of(block.load()) for block in blocks]
    total = tallies[0]
    for tally in tallies[1:]:
        total += tally
    return total
