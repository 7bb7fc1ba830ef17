"""How unlikely held-out real rows are under a fitted model."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, Modelled


@dataclass(frozen=True)
class Nll:
    """Mean negative log likelihood of the held-out real rows, in nats a row (Kazdan et al. 2024, kernel density).

    Infinite for a model without a density, such as a Gaussian with a singular covariance.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    least_rows: ClassVar[int] = 1
    asks: ClassVar[tuple[str, ...]] = ("log_prob",)
    asks_data: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[tuple[Column, ...]] = (Column("nll", "lower", "linear", "neither", "nats a row"),)

    def measure(self, modelled: Modelled) -> dict[str, np.ndarray]:
        return {"nll": -modelled.family.log_prob(modelled.state, modelled.test).mean(axis=1)}
