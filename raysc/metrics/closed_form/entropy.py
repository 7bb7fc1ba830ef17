"""How evenly a fitted discrete distribution spreads over its outcomes."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import entr

from raysc.metrics.core.metric import Column, Modelled


@dataclass(frozen=True)
class Entropy:
    """Shannon entropy of the fitted proportions, -sum p log p in nats (Kazdan et al. 2024, discrete distributions).

    At most log K. It is 0 where one outcome is left; there, below 1e-8 as in the paper, the model has collapsed.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    least_rows: ClassVar[int] = 1
    asks: ClassVar[tuple[str, ...]] = ("proportions",)
    asks_data: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[tuple[Column, ...]] = (Column("entropy", "higher", "linear", "neither", "nats", collapsed=1e-8),)

    def measure(self, modelled: Modelled) -> dict[str, np.ndarray]:
        return {"entropy": entr(modelled.family.proportions(modelled.state)).sum(axis=1)}
