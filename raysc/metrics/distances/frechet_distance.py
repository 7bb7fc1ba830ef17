"""Fréchet distance between Gaussians that are fitted to generated and real features."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from raysc.metrics.core.columns import PairColumns, PairFunction
from raysc.metrics.core.metric import FeatureSets, Vectors
from raysc.metrics.core.offset import offset
from raysc.metrics.distances.pair_metric import PairMetric


@dataclass(frozen=True)
class FrechetDistance(PairMetric):
    """|mu_1 - mu_2|^2 + tr(C_1 + C_2 - 2 (C_1 C_2)^(1/2)): FID's formula (Heusel et al. 2017, arXiv 1706.08500, Eq. 6).

    On classifier features the scale is that of the small network's penultimate activations, not normalised: values
    compare with each other and with their floor, not with Inception's FID. Covariances are unbiased (ddof 1). With few
    rows the distance is biased upwards; the floor shows by how much. Where one of the two sets has fewer rows than
    features, so that its covariance is singular, a column ``<column>_rows`` states its number of rows.
    """

    pair: ClassVar[PairColumns] = PairColumns("frechet_distance", "lower", "log", aspect="risk")

    def function(self, sets: FeatureSets) -> PairFunction:
        return frechet_distance

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        real_sets = (sets.test, sets.train[0])
        row_counts = {
            f"{column.name}_rows": np.full(len(sets.generated), float(rows))
            for column, real in zip(self.columns, real_sets, strict=True)
            if (rows := min(len(sets.generated[0].array), len(real.array))) < real.array.shape[1]
        }
        return super().measure(sets) | row_counts


class FeatureStatistics(NamedTuple):
    """Statistics of a set of rows.

    Attributes:
        mu: mean, float64 (dim,).
        factor: factor F of the unbiased covariance C = F'F, float64 (min(rows, dim), dim).
        trace: trace of C.
    """

    mu: np.ndarray
    factor: np.ndarray
    trace: float

    @classmethod
    def of(cls, mu: np.ndarray, factor: np.ndarray) -> "FeatureStatistics":
        """Return the statistics with a mean and a covariance factor."""
        return cls(mu, factor, np.square(factor).sum())


def frechet_distance(generated: Vectors, real: Vectors) -> float:
    """Return the squared Wasserstein-2 distance of the two Gaussians, >= 0."""
    shift = offset(real)
    if shift.any():
        key = (feature_statistics, shift.tobytes())
        mu_1, factor_1, trace_1 = generated.cached(key, lambda: feature_statistics(generated.array - shift))
        mu_2, factor_2, trace_2 = real.cached(key, lambda: feature_statistics(real.array - shift))
    else:  # the common case; statistics of real features are also read from the store, under this key
        mu_1, factor_1, trace_1 = generated.cached(feature_statistics, lambda: feature_statistics(generated.array))
        mu_2, factor_2, trace_2 = real.cached(feature_statistics, lambda: feature_statistics(real.array))
    # With C = F'F, the trace of (C_1 C_2)^(1/2) is the sum of the singular values of F_1 F_2'. Without a matrix square
    # root, singular covariances (fewer rows than dimensions, dead features) lose no digits.
    trace_of_root = np.linalg.svd(factor_1 @ factor_2.T, compute_uv=False).sum()
    return max(0.0, float(np.square(mu_1 - mu_2).sum() + (trace_1 + trace_2 - 2 * trace_of_root)))


def feature_statistics(rows: np.ndarray) -> FeatureStatistics:
    """Compute the statistics of rows, float64 (rows, dim)."""
    mu = rows.sum(axis=0) / len(rows)  # the mean, without the checks of np.mean, which cost as much as the sum
    return FeatureStatistics.of(mu, np.linalg.qr(rows - mu, mode="r") / np.sqrt(len(rows) - 1))
