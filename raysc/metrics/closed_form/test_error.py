"""Test error of a regression."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, FittedModels


@dataclass(frozen=True)
class TestError:
    """Mean squared error against the noiseless target at the held-out x (Kazdan et al. 2024, linear regression).

    Without noise in the target, all of it is excess error: it is 0 for the true weights. Of a logistic regression the
    target is the probability of the label 1.
    """

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    model_requirements: ClassVar[tuple[str, ...]] = ("predict",)
    data_requirements: ClassVar[tuple[str, ...]] = ("target",)
    columns: ClassVar[tuple[Column, ...]] = (Column("test_error", "lower", "log", "none", aspect="risk"),)

    def measure(self, models: FittedModels) -> dict[str, np.ndarray]:
        x = models.test[:, :-1]
        errors = models.family.predict(models.state, x) - models.data.target(x)
        return {"test_error": np.square(errors).mean(axis=1)}
