"""The Bernoulli distribution, fitted by its mean."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import xlog1py, xlogy

from raysc.models.closed_form.mean_family import MeanFamily


@dataclass(eq=False)
class Bernoulli(MeanFamily):
    """Independent coordinates that are 1 with probability p, else 0; maximum likelihood is the share of ones.

    A family of Dey and Donoho 2024 and of Barzilai and Shamir 2025, theorem 4.1. Under ``replace`` it is genetic drift:
    a coordinate ends at 0 or 1.
    """

    retraining_jumps: ClassVar[bool] = True
    values: ClassVar[str] = "zeros and ones"

    def variance(self, mean: np.ndarray) -> np.ndarray:
        variance: np.ndarray = mean * (1 - mean)
        return variance

    def quantile(self, probability: np.ndarray, mean: np.ndarray) -> np.ndarray:
        return np.where(np.isnan(mean), np.nan, probability >= 1 - mean)

    def log_density(self, values: np.ndarray, mean: np.ndarray) -> np.ndarray:
        return np.where(np.isin(values, (0, 1)), xlogy(values, mean) + xlog1py(1 - values, -mean), -np.inf)

    def contains(self, values: np.ndarray) -> bool:
        return bool(np.isin(values, (0, 1)).all())
