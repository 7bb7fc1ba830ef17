"""Density, a fidelity metric that is robust to real outliers."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import PairColumns
from raysc.metrics.neighbours.manifold import ManifoldMetric, Manifolds


@dataclass(frozen=True)
class Density(ManifoldMetric):
    """Density (Naeem et al. 2020, arXiv 2002.09797, Sec. 3.1): fidelity that one outlier cannot inflate, 0 and up.

    The number of real rows' balls that contain a generated row, averaged over generated rows and divided by k. About 1
    for real rows, above 1 where generated rows concentrate in dense regions. The paper uses k = 5; the default k = 3
    shares the neighbours of precision and recall.
    """

    pair: ClassVar[PairColumns] = PairColumns("density", "higher", "linear", aspect="invention")

    def value(self, manifolds: Manifolds) -> float:
        return float(np.mean(manifolds.real_ball_counts) / self.k)
