"""Views of candidate rows that the choosers of a regime ask for: decoded texts, labels and scores."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from raysc.datasets.dataset import DataSet, SupportsLabels, SupportsTokens

if TYPE_CHECKING:  # importing it takes 0.2 s, and every sweep imports this module
    from scipy.spatial import KDTree


@dataclass(frozen=True)
class CandidateViews:
    """Views of candidates; validation refuses choosers that need what a data set or a model lacks.

    Attributes:
        data: the data set.
        scores: rows (seeds or 1, count, *event) -> log probabilities under the newest model, float64 (seeds, count).
    """

    data: DataSet
    scores: Callable[[np.ndarray], np.ndarray]

    def texts(self, rows: np.ndarray) -> Sequence[str]:
        """Decode rows of text (count, length)."""
        assert isinstance(self.data, SupportsTokens), "validation refuses data without a tokenizer"
        return self.data.tokens.decode(rows)

    def labels(self, rows: np.ndarray) -> np.ndarray:
        """Return the class of the nearest labelled training row, in Euclidean distance, int64 (count,)."""
        tree, labels = self._nearest
        _, nearest = tree.query(_flat(rows))
        classes: np.ndarray = labels[nearest]
        return classes

    @cached_property
    def _nearest(self) -> "tuple[KDTree, np.ndarray]":
        from scipy.spatial import KDTree

        assert isinstance(self.data, SupportsLabels), "validation refuses data without classes"
        labelled = self.data.labelled_train()
        return KDTree(_flat(labelled.rows)), labelled.labels


def _flat(rows: np.ndarray) -> np.ndarray:
    """Return rows as vectors, float64 (count, values)."""
    return rows.reshape(len(rows), -1).astype(np.float64)
