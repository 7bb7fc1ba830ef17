"""The maximum mean discrepancy with a Gaussian kernel, as wide as the data are."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.spatial.distance import cdist, pdist

from raysc.metrics.core.metric import Column, Compared, Features, Vectors
from raysc.metrics.core.pairs import against_both, column_name, columns_against_both


@dataclass(frozen=True)
class Mmd:
    """Squared maximum mean discrepancy (Gretton et al. 2012, lemma 6), kernel exp(-|x - y|^2 / (2 h^2)).

    The bandwidth h is the median distance between two held-out rows (the median heuristic), so it is the same for every
    seed and generation. The unbiased estimate: 0 on average for real rows, so it may be negative.

    Attributes:
        features: what is compared; the data's default if not set.
    """

    features: Features | None = None

    version: ClassVar[int] = 1
    least_rows: ClassVar[int] = 2

    @property
    def columns(self) -> tuple[Column, ...]:
        return columns_against_both(self._name, "lower", "linear")

    @property
    def _name(self) -> str:
        return column_name("mmd", self.features)

    def measure(self, compared: Compared) -> dict[str, np.ndarray]:
        test = compared.test
        width = test.once(np.median, lambda: float(np.median(pdist(test.array))))

        def pair(generated: Vectors, real: Vectors) -> float:
            return mmd(generated, real, width)

        return against_both(self._name, compared, pair)


def mmd(generated: Vectors, real: Vectors, width: float) -> float:
    """The unbiased squared maximum mean discrepancy of two sets of rows."""
    across = _kernel(cdist(generated.array, real.array, "sqeuclidean"), width).mean()
    within = generated.once((_within, width), lambda: _within(generated.array, width))
    real_within = real.once((_within, width), lambda: _within(real.array, width))
    return float(within + real_within - 2 * across)


def _within(rows: np.ndarray, width: float) -> float:
    """Mean kernel value over pairs of two different rows of one set."""
    return float(_kernel(pdist(rows, "sqeuclidean"), width).mean())


def _kernel(squares: np.ndarray, width: float) -> np.ndarray:
    values: np.ndarray = np.exp(squares / (-2 * width**2))
    return values
