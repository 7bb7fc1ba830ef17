"""The exponential distribution, fitted by its mean."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.models.closed_form.mean_family import MeanFamily


@dataclass(eq=False)
class Exponential(MeanFamily):
    """Independent coordinates with density exp(-x/mu) / mu on x >= 0; maximum likelihood is the mean of the rows.

    A family of Dey and Donoho 2024 and of Barzilai and Shamir 2025, theorem 4.1.
    """

    values: ClassVar[str] = "numbers of at least 0"

    def variance(self, mean: np.ndarray) -> np.ndarray:
        variance: np.ndarray = np.square(mean)
        return variance

    def quantile(self, probability: np.ndarray, mean: np.ndarray) -> np.ndarray:
        values: np.ndarray = -mean * np.log1p(-probability)
        return values

    def log_density(self, values: np.ndarray, mean: np.ndarray) -> np.ndarray:
        return np.where(values >= 0, -values / mean - np.log(mean), -np.inf)

    def contains(self, values: np.ndarray) -> bool:
        return bool((values >= 0).all())
