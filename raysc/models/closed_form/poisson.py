"""The Poisson distribution, fitted by its mean."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import gammaln, pdtr, xlogy

from raysc.models.closed_form.mean_family import MeanFamily


@dataclass(eq=False)
class Poisson(MeanFamily):
    """Independent coordinates that are counts with probability exp(-mu) mu^x / x!; maximum likelihood is their mean.

    A family of Dey and Donoho 2024 and of Barzilai and Shamir 2025, theorem 4.1. Under ``replace`` a coordinate ends
    at 0: it is a branching process.
    """

    retraining_jumps: ClassVar[bool] = True
    values: ClassVar[str] = "whole numbers of at least 0"

    def variance(self, mean: np.ndarray) -> np.ndarray:
        return mean

    def quantile(self, probability: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """Count the k with P(X <= k) below the probability; many draws share the probabilities of few means."""
        lowest, highest = np.nanmin(mean, initial=np.inf), np.nanmax(mean, initial=0.0)
        start = int(max(0, lowest - 12 * np.sqrt(lowest) - 20)) if np.isfinite(lowest) else 0
        counts = np.full(np.broadcast_shapes(probability.shape, mean.shape), float(start))
        cumulative = pdtr(start, mean)
        for k in range(start + 1, int(highest + 12 * np.sqrt(highest) + 40)):
            above = probability > cumulative
            if not above.any():
                break
            counts += above
            cumulative = cumulative + np.exp(self.log_density(np.array(float(k)), mean))
        return np.where(np.isnan(mean), np.nan, counts)

    def log_density(self, values: np.ndarray, mean: np.ndarray) -> np.ndarray:
        whole = (values >= 0) & (values == np.floor(values))
        counts = np.where(whole, values, 0.0)
        return np.where(whole, xlogy(counts, mean) - mean - gammaln(counts + 1), -np.inf)

    def contains(self, values: np.ndarray) -> bool:
        return bool(((values >= 0) & (values == np.floor(values))).all())
