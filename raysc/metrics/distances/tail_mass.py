"""Tail mass: the share of generated values beyond quantiles of real rows."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.errors import InputError
from raysc.metrics.core.columns import column_name, features_setting, values_against_test
from raysc.metrics.core.metric import SHARE, Column, Features, FeatureSets, Vectors

DEFAULT_MASS = 0.05


@dataclass(frozen=True)
class TailMass:
    """Share of generated values outside the central interval of real ones, mean over coordinates; target ``mass``.

    The interval of a coordinate reaches from the quantile mass/2 of the held-out rows to the quantile 1 - mass/2. Below
    ``mass`` the tails are thinner than those of the data, above it thicker; collapse begins with their loss (Shumailov
    et al. 2024). The floor is the value of training rows.

    Attributes:
        features: the features whose values are compared; None: the data's default.
        mass: share of real values in both tails together.

    Raises:
        InputError: mass is not between 0 and 1.
    """

    features: Features | None = None
    mass: float = DEFAULT_MASS

    version: ClassVar[int] = 1
    min_rows: ClassVar[int] = 2

    def __post_init__(self) -> None:
        if not 0 < self.mass < 1:
            raise InputError(f"tail_mass: mass must be between 0 and 1, not {self.mass:g}")

    @property
    def columns(self) -> tuple[Column, ...]:
        setting = None if self.mass == DEFAULT_MASS else f"mass={self.mass:g}"
        name = column_name("tail_mass", features_setting(self.features), setting)
        return (
            Column(name, "near", "linear", "test", "share of values", target=self.mass, bounds=SHARE, aspect="tails"),
        )

    def measure(self, sets: FeatureSets) -> dict[str, np.ndarray]:
        (column,) = self.columns
        return {column.name: values_against_test(self._share_outside, sets)}

    def _share_outside(self, generated: Vectors, real: Vectors) -> float:
        low, high = real.cached(
            (TailMass, self.mass), lambda: np.quantile(real.array, [self.mass / 2, 1 - self.mass / 2], axis=0)
        )
        return float(((generated.array < low) | (generated.array > high)).mean())
