"""Improved precision, the share of generated rows in the real manifold."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import PairColumns
from raysc.metrics.core.metric import SHARE
from raysc.metrics.neighbours.manifold import ManifoldMetric, Manifolds


@dataclass(frozen=True)
class Precision(ManifoldMetric):
    """Improved precision (Kynkaanniemi et al. 2019, arXiv 1904.06991, Eq. 1 and 2): fidelity, 0 to 1.

    The share of generated rows inside the real manifold, the union of the balls around real rows that reach to their
    k-th nearest real neighbour. The real set is the held-out rows, or the training rows for the column ``_train``.
    """

    pair: ClassVar[PairColumns] = PairColumns(
        "precision", "higher", "linear", "share of rows", SHARE, aspect="invention"
    )

    def value(self, manifolds: Manifolds) -> float:
        return float(np.mean(manifolds.real_ball_counts > 0))
