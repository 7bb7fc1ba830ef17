"""Exact Wasserstein distance between generated and held-out rows."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import column_name, features_setting, values_against_test
from raysc.metrics.core.metric import Column, Features, FeatureSets, Vectors

MAX_ITERATIONS = 10**6
"""Limit on the solver's iterations; a thousand rows on either side take about ten thousand."""

MIN_SHARE = 1e-6
"""A squared distance below this share of the rows' squared norms is computed again from differences of rows."""


@dataclass(frozen=True)
class Wasserstein:
    """Wasserstein-2: the square root of the minimum mean squared distance over all couplings of the two sets.

    Solved exactly (POT's network simplex); the cost grows about as the cube of the number of rows: 0.1 s for a thousand
    on either side. In the units of the rows. The distance between two samples of one distribution is positive; the
    floor shows it.

    Attributes:
        features: the features between which distances are measured; None: the data's default.
    """

    features: Features | None = None

    version: ClassVar[int] = 1
    min_rows: ClassVar[int] = 1

    @property
    def columns(self) -> tuple[Column, ...]:
        return (
            Column(column_name("wasserstein", features_setting(self.features)), "lower", "log", "test", aspect="risk"),
        )

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        (column,) = self.columns
        return {column.name: values_against_test(wasserstein, sets)}


def wasserstein(generated: Vectors, real: Vectors) -> float:
    """Return the Wasserstein-2 distance of two sets of equally weighted rows."""
    from ot import dist, emd2  # takes a second to import
    from scipy.spatial.distance import cdist

    x, y = generated.array, real.array
    cost = emd2([], [], dist(x, y), numItermax=MAX_ITERATIONS)
    # POT's distances are |x|^2 + |y|^2 - 2 x'y, with errors of about 1e-16 of the norms: rows far from the origin and
    # rows that nearly coincide lose their digits. Differences of rows take longer and lose none.
    if not cost > MIN_SHARE * max(np.square(rows).sum(axis=1).max() for rows in (x, y)):
        cost = emd2([], [], cdist(x, y, "sqeuclidean"), numItermax=MAX_ITERATIONS)
    return float(np.sqrt(max(0.0, cost)))
