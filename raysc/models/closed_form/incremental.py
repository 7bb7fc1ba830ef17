"""Statistics of training sets that grow part by part: what was merged once is not read again."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import numpy as np

from raysc.pool.rows import Part, Rows, TrainingSet

S = TypeVar("S")


class Pooled(Generic[S]):
    """Statistics that merge, kept for the parts of the last training set.

    Under accumulate a training set is the last one and one more part, so T generations cost O(T) rows, not O(T^2).
    One for each statistic of each run of a loop; another run that reads the same blocks may use it too.
    """

    def __init__(self, merge: Callable[[S, S], S]) -> None:
        """What makes the statistics of two sets of rows together from those of each."""
        self._merge = merge
        self._asked: Hashable = None
        self._known: tuple[Part | Rows, ...] = ()
        self._merged: S | None = None

    def of(self, training_set: TrainingSet, summarise: Callable[[np.ndarray], S], asked: Hashable = None) -> S:
        """The statistics of a training set's rows.

        Args:
            training_set: rows (seeds or 1, count, *event).
            summarise: the statistics of some rows, float64 (seeds or 1, count, *event).
            asked: what the statistics depend on beside the rows; those of something else are not merged.
        """
        return self.of_parts(training_set, lambda some: summarise(_floats(some.load())), asked)

    def of_parts(self, training_set: TrainingSet, summarise: Callable[[TrainingSet], S], asked: Hashable = None) -> S:
        """The same, where ``summarise`` is given training sets, of one part or with positions, and loads the rows."""
        if training_set.positions is not None:
            return summarise(training_set)
        parts = training_set.parts
        known = len(self._known) if asked == self._asked and parts[: len(self._known)] == self._known else 0
        merged = self._merged if known else None
        for part in parts[known:]:
            statistics = summarise(TrainingSet((part,)))
            merged = statistics if merged is None else self._merge(merged, statistics)
        assert merged is not None, "a training set has at least one part"
        self._asked, self._known, self._merged = asked, parts, merged
        return merged


def _floats(rows: np.ndarray) -> np.ndarray:
    return rows.astype(np.float64, copy=False)
