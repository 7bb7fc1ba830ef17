"""How many generated rows look real."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.neighbours.manifold import Neighbourhood, OfNeighbours


@dataclass(frozen=True)
class Precision(OfNeighbours):
    """Improved precision (Kynkaanniemi et al. 2019, arXiv 1904.06991, Eq. 1 and 2): fidelity, 0 to 1.

    The share of generated rows inside the real manifold, the union of the balls around real rows that reach to their
    k-th nearest real neighbour. The real set is the held-out rows, or the training rows for the column ``_train``.
    """

    name: ClassVar[str] = "precision"

    def value(self, found: Neighbourhood) -> float:
        return float(np.mean(found.balls > 0))
