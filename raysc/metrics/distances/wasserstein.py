"""The exact Wasserstein distance between generated and held-out rows."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, Compared, Features, Vectors
from raysc.metrics.core.pairs import column_name, per_seed

STEPS = 10**6
"""Steps of the solver at most; a thousand rows on either side take some ten thousand."""


@dataclass(frozen=True)
class Wasserstein:
    """Wasserstein-2: the root of the least mean squared distance over which one set of rows is moved onto the other.

    Solved exactly (POT's network simplex), so its cost grows about as the cube of the rows: 0.1 s for a thousand on
    either side. In the units of the rows. Samples of one distribution are some way apart too: the floor shows how far.

    Attributes:
        features: what distances are measured in; the data's default if not set.
    """

    features: Features | None = None

    version: ClassVar[int] = 1
    least_rows: ClassVar[int] = 1

    @property
    def columns(self) -> tuple[Column, ...]:
        return (Column(column_name("wasserstein", self.features), "lower", "log", "test"),)

    def measure(self, compared: Compared) -> dict[str, np.ndarray]:
        (column,) = self.columns
        return {column.name: per_seed(wasserstein, ((rows, compared.test) for rows in compared.generated))}


def wasserstein(generated: Vectors, real: Vectors) -> float:
    """Wasserstein-2 of two sets of rows, all of a set weighing the same."""
    from ot import dist, emd2  # takes a second to import

    return float(np.sqrt(max(0.0, emd2([], [], dist(generated.array, real.array), numItermax=STEPS))))
