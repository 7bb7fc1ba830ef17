"""How many real rows have a generated row nearby."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.neighbours.manifold import Neighbourhood, OfNeighbours


@dataclass(frozen=True)
class Coverage(OfNeighbours):
    """Coverage (Naeem et al. 2020, arXiv 2002.09797, Sec. 3.1): diversity that outliers cannot inflate, 0 to 1.

    The share of real rows whose ball, which reaches to the k-th nearest real neighbour, holds a generated row. It is
    below 1 even for real rows: about 1 - 2^-k for equally many. The paper uses k = 5; k = 3 here shares its neighbours
    with precision and recall.
    """

    name: ClassVar[str] = "coverage"

    def value(self, found: Neighbourhood) -> float:
        return float(np.mean(found.covered))
