"""The Fréchet distance between Gaussians fitted to generated and real features."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.metrics.core.metric import Column, Compared, Features, Vectors
from raysc.metrics.core.pairs import against_both, column_name, columns_against_both


@dataclass(frozen=True)
class FrechetDistance:
    """|mu_1 - mu_2|^2 + tr(C_1 + C_2 - 2 (C_1 C_2)^(1/2)): FID's formula (Heusel et al. 2017, arXiv 1706.08500, Eq. 6).

    On classifier features the scale is that of the small network's penultimate activations, unnormalised: values
    compare with each other and with their floor, not with Inception's. Covariances are unbiased (ddof 1). With few
    rows the distance is biased upwards; the floor shows by how much. Where one of the two sets has fewer rows than
    there are features, so that its covariance is singular, a column ``<column>_rows`` has its number of rows.

    Attributes:
        features: what is compared; the data's default if not set.
    """

    features: Features | None = None

    version: ClassVar[int] = 1
    least_rows: ClassVar[int] = 2

    @property
    def columns(self) -> tuple[Column, ...]:
        return columns_against_both(self._name, "lower", "log")

    @property
    def _name(self) -> str:
        return column_name("frechet_distance", self.features)

    def measure(self, compared: Compared) -> dict[str, np.ndarray]:
        few = {
            f"{name}_rows": np.full(len(compared.generated), float(rows))
            for name, real in ((self._name, compared.test), (f"{self._name}_train", compared.train[0]))
            if (rows := min(len(compared.generated[0].array), len(real.array))) < real.array.shape[1]
        }
        return against_both(self._name, compared, frechet_distance) | few


def frechet_distance(generated: Vectors, real: Vectors) -> float:
    """The squared 2-Wasserstein distance of the two Gaussians, >= 0."""
    mean, factor = generated.once(moments, lambda: moments(generated.array))
    real_mean, real_factor = real.once(moments, lambda: moments(real.array))
    # With C = F'F, the trace of (C_1 C_2)^(1/2) is the sum of the singular values of F_1 F_2': no square root of a
    # matrix, so singular covariances (fewer rows than dimensions, dead features) lose no digits.
    cross = np.linalg.svd(factor @ real_factor.T, compute_uv=False).sum()
    spread = np.square(factor).sum() + np.square(real_factor).sum() - 2 * cross
    return max(0.0, float(np.square(mean - real_mean).sum() + spread))


def moments(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (dim,) and a factor F (min(rows, dim), dim) of the unbiased covariance F'F."""
    mean = rows.mean(axis=0)
    return mean, np.linalg.qr(rows - mean, mode="r") / np.sqrt(len(rows) - 1)
