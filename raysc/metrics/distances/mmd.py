"""Maximum mean discrepancy with a Gaussian kernel, its bandwidth from the data.

Functions import ``scipy.spatial``, which takes 0.2 s; plans and reports measure no distances.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import PairColumns, PairFunction
from raysc.metrics.core.metric import FeatureSets, Vectors
from raysc.metrics.distances.pair_metric import PairMetric


@dataclass(frozen=True)
class Mmd(PairMetric):
    """Squared maximum mean discrepancy (Gretton et al. 2012, lemma 6), kernel exp(-|x - y|^2 / (2 h^2)).

    The bandwidth h is the median distance between two held-out rows (the median heuristic), the same for every seed and
    generation. If h is 0, because most held-out rows are equal, the kernel has its limit: 1 for equal rows, 0 for
    others. The unbiased estimate: 0 on average for real rows, so it may be negative.
    """

    pair: ClassVar[PairColumns] = PairColumns("mmd", "lower", "linear", aspect="risk")

    def function(self, sets: FeatureSets) -> PairFunction:
        bandwidth = sets.test.cached(median_distance, lambda: median_distance(sets.test.array))
        return lambda generated, real: mmd(generated, real, bandwidth)


def median_distance(rows: np.ndarray) -> float:
    """Return the median Euclidean distance between two rows."""
    from scipy.spatial.distance import pdist

    return float(np.median(pdist(rows)))


def mmd(generated: Vectors, real: Vectors, bandwidth: float) -> float:
    """Return the unbiased squared maximum mean discrepancy, mean k(x, x') + mean k(y, y') - 2 mean k(x, y)."""
    from scipy.spatial.distance import cdist

    cross = _kernel(cdist(generated.array, real.array, "sqeuclidean"), bandwidth).mean()
    within_generated = generated.cached((_mean_within, bandwidth), lambda: _mean_within(generated.array, bandwidth))
    within_real = real.cached((_mean_within, bandwidth), lambda: _mean_within(real.array, bandwidth))
    return float(within_generated + within_real - 2 * cross)


def _mean_within(rows: np.ndarray, bandwidth: float) -> float:
    """Return the mean of k(x, x') over pairs of different rows of one set."""
    from scipy.spatial.distance import pdist

    return float(_kernel(pdist(rows, "sqeuclidean"), bandwidth).mean())


def _kernel(squared_distances: np.ndarray, bandwidth: float) -> np.ndarray:
    if bandwidth**2 == 0:
        return np.asarray(squared_distances == 0, dtype=np.float64)
    values: np.ndarray = np.exp(squared_distances / (-2 * bandwidth**2))
    return values
