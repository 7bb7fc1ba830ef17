"""Counts of outcomes in rows, for all seeds at once; outcomes that no seed has are dropped."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams


@dataclass(frozen=True)
class OutcomeCounts:
    """Counts of outcomes.

    Attributes:
        outcomes: int64 (m,), ascending.
        counts: rows per seed and outcome, int64 (seeds or 1, m); of weighted rows the sums of their weights, float64.
    """

    outcomes: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray, weights: np.ndarray | None = None) -> "OutcomeCounts":
        """Count the outcomes of rows (seeds or 1, count, 1), integers; by weights (seeds or 1, count) if given."""
        if weights is not None:
            rows = np.broadcast_to(rows, (max(len(rows), len(weights)), *rows.shape[1:]))
            weights = np.broadcast_to(weights, rows.shape[:2]).reshape(-1)
        outcomes = np.unique(rows).astype(np.int64)
        numbers = np.searchsorted(outcomes, rows[..., 0]) + len(outcomes) * np.arange(len(rows))[:, None]
        counts = np.bincount(numbers.reshape(-1), weights, minlength=len(rows) * len(outcomes))
        return cls(outcomes, counts.reshape(len(rows), -1))

    def __add__(self, other: "OutcomeCounts") -> "OutcomeCounts":
        """Merge the counts of two sets of rows."""
        outcomes = np.union1d(self.outcomes, other.outcomes)
        counts = np.zeros(
            (max(len(self.counts), len(other.counts)), len(outcomes)), np.result_type(self.counts, other.counts)
        )
        for term in (self, other):
            counts[:, np.searchsorted(outcomes, term.outcomes)] += term.counts
        return OutcomeCounts(outcomes, counts)

    def drop_lost(self) -> "OutcomeCounts":
        """Return the counts without outcomes that no seed has, so that the cost of a generation falls with them."""
        present = self.counts.any(axis=0)
        return self if present.all() else OutcomeCounts(self.outcomes[present], self.counts[:, present])


class Sampler(Protocol):
    """A family that can sample the rows of counts."""

    def sample(self, state: Any, first: int, count: int, streams: Streams) -> np.ndarray: ...


@dataclass(frozen=True)
class CountedBlock:
    """A block of which only the counts were drawn; the first ``load`` samples the rows and caches them.

    Attributes:
        key: identity of the block among those of the sweep.
        first: index of its first row in its source.
        rows: rows per seed.
        outcome_counts: counts of the rows.
        family: samples the rows that have these counts.
        state: the model of the rows.
        streams: of the model's generation.
    """

    key: Hashable
    first: int
    rows: int
    outcome_counts: OutcomeCounts
    family: Sampler
    state: Any
    streams: Streams
    sha256: str = ""
    acceptance: None = None

    def load(self) -> np.ndarray:
        """Return the rows, (seeds, rows, 1)."""
        return self._array

    @cached_property
    def _array(self) -> np.ndarray:
        return self.family.sample(self.state, self.first, self.rows, self.streams)


def count_outcomes(training_set: TrainingSet) -> OutcomeCounts:
    """Count the outcomes of a training set's rows; from the counts of its blocks where all their rows are taken."""
    blocks = [block for part in training_set.parts for block in part.rows.blocks]
    if training_set.positions is not None or any(part.indices is not None for part in training_set.parts):
        return OutcomeCounts.of(training_set.load(), training_set.weights)
    counts = [
        block.outcome_counts if isinstance(block, CountedBlock) else OutcomeCounts.of(block.load()) for block in blocks
    ]
    total = counts[0]
    for term in counts[1:]:
        total += term
    return total
