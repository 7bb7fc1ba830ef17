"""How much of the real data the generated rows reach."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.neighbours.manifold import Neighbourhood, OfNeighbours


@dataclass(frozen=True)
class Recall(OfNeighbours):
    """Improved recall (Kynkaanniemi et al. 2019, arXiv 1904.06991, Eq. 1 and 3): diversity, 0 to 1.

    The share of real rows inside the generated manifold, the union of the balls around generated rows that reach to
    their k-th nearest generated neighbour. The real rows are the held-out ones, or for ``_train`` the training rows.
    """

    name: ClassVar[str] = "recall"

    def value(self, found: Neighbourhood) -> float:
        return float(np.mean(found.recalled))
