"""Coverage, a diversity metric that is robust to generated outliers."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import PairColumns
from raysc.metrics.core.metric import SHARE
from raysc.metrics.neighbours.manifold import ManifoldMetric, Manifolds


@dataclass(frozen=True)
class Coverage(ManifoldMetric):
    """Coverage (Naeem et al. 2020, arXiv 2002.09797, Sec. 3.1): diversity that outliers cannot inflate, 0 to 1.

    The share of real rows whose ball, which reaches to the k-th nearest real neighbour, contains a generated row. It is
    below 1 even for real rows: about 1 - 2^-k for equally many. The paper uses k = 5; the default k = 3 shares the
    neighbours of precision and recall.
    """

    pair: ClassVar[PairColumns] = PairColumns("coverage", "higher", "linear", "share of rows", SHARE, aspect="modes")

    def value(self, manifolds: Manifolds) -> float:
        return float(np.mean(manifolds.real_ball_occupied))
