"""Inverse of the effective number of real rows."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.columns import column_name, features_setting
from raysc.metrics.core.metric import Column, Features, FeatureSets, Vectors

NAME = "inverse_effective_rows"


@dataclass(frozen=True)
class InverseEffectiveRows:
    """Squared error of a model's mean feature over the variance of the data, |mu_t - mu_0|^2 / tr(Sigma_0).

    The mean of n real rows has the expectation 1/n. So 1 over the mean over seeds is the number of real rows that are
    worth as much as the model, for the mean. The estimate is without bias: the squared distance of the means of
    generated and held-out rows, less what their sampling adds, tr(C)/m + tr(C_0)/n_0, over tr(C_0). A single value may
    be negative. All seeds share the held-out rows: the error of their mean does not average out, so use more of them
    than there are effective rows.

    Attributes:
        features: the features that are compared; None: the data's default.
    """

    features: Features | None = None

    version: ClassVar[int] = 1
    min_rows: ClassVar[int] = 2

    @property
    def columns(self) -> tuple[Column, ...]:
        name = column_name(NAME, features_setting(self.features))
        return (Column(name, "lower", "linear", "test", "1 / rows"),)

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        (column,) = self.columns
        values = np.full(len(sets.generated), np.nan)
        for seed, rows in enumerate(sets.generated):
            if np.isfinite(rows.array).all():
                values[seed] = _inverse_rows(rows, sets.test)
        return {column.name: values}


def _inverse_rows(generated: Vectors, real: Vectors) -> float:
    mean, trace = _moments(generated)
    real_mean, real_trace = _moments(real)
    noise = trace / len(generated.array) + real_trace / len(real.array)
    return float((np.square(mean - real_mean).sum() - noise) / real_trace)


def _moments(rows: Vectors) -> tuple[np.ndarray, float]:
    """Return the mean (dim,) and the trace of the unbiased covariance, cached."""
    return rows.cached(_moments, lambda: (rows.array.mean(axis=0), float(rows.array.var(axis=0, ddof=1).sum())))
