"""How far a regression's predictions lie from the truth."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, Modelled


@dataclass(frozen=True)
class TestError:
    """Mean squared error against the noiseless target at the held-out x (Kazdan et al. 2024, linear regression).

    Without noise in the target all of it is excess error: nothing is left of it for perfect weights.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    least_rows: ClassVar[int] = 1
    asks: ClassVar[tuple[str, ...]] = ("predict",)
    asks_data: ClassVar[tuple[str, ...]] = ("target",)
    columns: ClassVar[tuple[Column, ...]] = (Column("test_error", "lower", "log", "neither"),)

    def measure(self, modelled: Modelled) -> dict[str, np.ndarray]:
        x = modelled.test[:, :-1]
        off = modelled.family.predict(modelled.state, x) - modelled.data.target(x)
        return {"test_error": np.square(off).mean(axis=1)}
