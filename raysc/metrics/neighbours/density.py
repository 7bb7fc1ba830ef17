"""How deep inside the real manifold generated rows lie."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.neighbours.manifold import Neighbourhood, OfNeighbours


@dataclass(frozen=True)
class Density(OfNeighbours):
    """Density (Naeem et al. 2020, arXiv 2002.09797, Sec. 3.1): fidelity that one outlier cannot inflate, 0 and up.

    The number of real rows' balls that hold a generated row, averaged over generated rows and divided by k; about 1 for
    real rows, above 1 where generated rows crowd into dense regions. The paper uses k = 5; k = 3 here shares its
    neighbours with precision and recall.
    """

    name: ClassVar[str] = "density"
    unit: ClassVar[str] = ""

    def value(self, found: Neighbourhood) -> float:
        return float(np.mean(found.balls) / self.k)
