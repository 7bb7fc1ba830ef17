"""Incremental statistics of training sets that grow part by part: rows of known parts are not read again."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import numpy as np

from raysc.pool.rows import Part, Rows
from raysc.pool.training_set import TrainingSet

S = TypeVar("S")


class IncrementalStatistics(Generic[S]):
    """Mergeable statistics, kept for the parts of the last training set.

    Under accumulate a training set is the last one and one more part, so T generations read O(T) rows, not O(T^2).
    Use one object per statistic and run of a loop. Another run that reads the same blocks may share it.
    """

    def __init__(self, merge: Callable[[S, S], S]) -> None:
        """``merge`` combines the statistics of two sets of rows."""
        self._merge = merge
        self._key: Hashable = None
        self._parts: tuple[Part | Rows, ...] = ()
        self._merged: S | None = None

    def compute(
        self, training_set: TrainingSet, summarise: Callable[[np.ndarray, np.ndarray | None], S], key: Hashable = None
    ) -> S:
        """Return the statistics of a training set's rows.

        Args:
            training_set: rows (seeds or 1, count, *event).
            summarise: computes the statistics of rows, float64 (seeds or 1, count, *event), with their weights,
                float64 (seeds or 1, count) or None for 1 each.
            key: everything apart from the rows that the statistics depend on; those of another key are discarded.
        """
        return self.compute_by_part(training_set, lambda part: summarise(_as_float64(part.load()), part.weights), key)

    def compute_by_part(
        self, training_set: TrainingSet, summarise: Callable[[TrainingSet], S], key: Hashable = None
    ) -> S:
        """Return the same; ``summarise`` gets training sets, of one part or with positions, and loads the rows."""
        if training_set.positions is not None:
            return summarise(training_set)
        parts = training_set.parts
        known = len(self._parts) if key == self._key and parts[: len(self._parts)] == self._parts else 0
        merged = self._merged if known else None
        for part in parts[known:]:
            statistics = summarise(TrainingSet((part,)))
            merged = statistics if merged is None else self._merge(merged, statistics)
        assert merged is not None, "a training set has at least one part"
        self._key, self._parts, self._merged = key, parts, merged
        return merged


def _as_float64(rows: np.ndarray) -> np.ndarray:
    return rows.astype(np.float64, copy=False)
