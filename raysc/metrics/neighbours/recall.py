"""Improved recall, the share of real rows in the generated manifold."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import PairColumns
from raysc.metrics.core.metric import SHARE
from raysc.metrics.neighbours.manifold import ManifoldMetric, Manifolds


@dataclass(frozen=True)
class Recall(ManifoldMetric):
    """Improved recall (Kynkaanniemi et al. 2019, arXiv 1904.06991, Eq. 1 and 3): diversity, 0 to 1.

    The share of real rows inside the generated manifold, the union of the balls around generated rows that reach to
    their k-th nearest generated neighbour. The real set is the held-out rows, or the training rows for the column
    ``_train``.
    """

    pair: ClassVar[PairColumns] = PairColumns("recall", "higher", "linear", "share of rows", SHARE, aspect="modes")

    def value(self, manifolds: Manifolds) -> float:
        return float(np.mean(manifolds.real_in_manifold))
