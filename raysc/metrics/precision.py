"""How many generated rows look real."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.against import against_both, column_name, columns_against_both
from raysc.metrics.metric import Column, Compared, Features, Vectors
from raysc.metrics.neighbours import check_k, neighbourhood


@dataclass(frozen=True)
class Precision:
    """Improved precision (Kynkaanniemi et al. 2019, arXiv 1904.06991, Eq. 1 and 2): fidelity, 0 to 1.

    The share of generated rows inside the real manifold, the union of the balls around real rows that reach to their
    k-th nearest real neighbour. The real set is the held-out rows, or the training rows for the column ``_train``.

    Attributes:
        features: what is compared; the data's default if not set.
        k: neighbours that a ball reaches to.

    Raises:
        InputError: k is below 1.
    """

    features: Features | None = None
    k: int = 3

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_k("precision", self.k)

    @property
    def least_rows(self) -> int:
        return self.k + 1

    @property
    def columns(self) -> tuple[Column, ...]:
        return columns_against_both(self._name, "higher", "linear", "share of rows")

    @property
    def _name(self) -> str:
        return column_name("precision", self.features, self.k)

    def measure(self, compared: Compared) -> dict[str, np.ndarray]:
        return against_both(self._name, compared, self._pair)

    def _pair(self, generated: Vectors, real: Vectors) -> float:
        return float(np.mean(neighbourhood(generated, real, self.k).balls > 0))
