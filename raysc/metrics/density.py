"""How deep inside the real manifold generated rows lie."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.against import against_both, column_name, columns_against_both
from raysc.metrics.metric import Column, Compared, Features, Vectors
from raysc.metrics.neighbours import check_k, neighbourhood


@dataclass(frozen=True)
class Density:
    """Density (Naeem et al. 2020, arXiv 2002.09797, Sec. 3.1): fidelity that one outlier cannot inflate, 0 and up.

    The number of real rows' balls that hold a generated row, averaged over generated rows and divided by k; about 1 for
    real rows, above 1 where generated rows crowd into dense regions. The paper uses k = 5; k = 3 here shares its
    neighbours with precision and recall.

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
        check_k("density", self.k)

    @property
    def least_rows(self) -> int:
        return self.k + 1

    @property
    def columns(self) -> tuple[Column, ...]:
        return columns_against_both(self._name, "higher", "linear")

    @property
    def _name(self) -> str:
        return column_name("density", self.features, self.k)

    def measure(self, compared: Compared) -> dict[str, np.ndarray]:
        return against_both(self._name, compared, self._pair)

    def _pair(self, generated: Vectors, real: Vectors) -> float:
        return float(np.mean(neighbourhood(generated, real, self.k).balls) / self.k)
