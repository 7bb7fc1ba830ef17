"""Survival of rare outcomes in a fitted discrete distribution."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from raysc.errors import InputError
from raysc.metrics.closed_form.outcome_proportions import MODEL_REQUIREMENTS, outcome_proportions
from raysc.metrics.core.columns import column_name
from raysc.metrics.core.metric import SHARE, Column, FittedModels
from raysc.metrics.core.rare import rare

DEFAULT_MASS = 0.1


@dataclass(frozen=True)
class RareOutcomeSurvival:
    """Share of the rare outcomes that the fitted distribution still has, 0 to 1: the tail of a discrete distribution.

    Rare are the least likely outcomes that have at most ``mass`` of the probability together, the first ones among
    equally likely outcomes, at least one. With few rows some are lost at generation 0.

    Attributes:
        mass: probability of all rare outcomes together.

    Raises:
        InputError: mass is not between 0 and 1.
    """

    mass: float = DEFAULT_MASS

    version: ClassVar[int] = 1
    features: ClassVar[str] = "values"
    min_rows: ClassVar[int] = 1
    model_requirements: ClassVar[tuple[str, ...]] = MODEL_REQUIREMENTS
    data_requirements: ClassVar[tuple[str, ...]] = ("probabilities",)

    def __post_init__(self) -> None:
        if not 0 < self.mass < 1:
            raise InputError(f"rare_outcome_survival: mass must be between 0 and 1, not {self.mass:g}")

    @property
    def columns(self) -> tuple[Column, ...]:
        setting = None if self.mass == DEFAULT_MASS else f"mass={self.mass:g}"
        return (
            Column(
                column_name("rare_outcome_survival", setting),
                "higher",
                "linear",
                "none",
                "share of outcomes",
                bounds=SHARE,
                aspect="tails",
            ),
        )

    def measure(self, models: FittedModels) -> dict[str, np.ndarray]:
        q, p = outcome_proportions(models)
        (column,) = self.columns
        return {column.name: (q[:, rare(p, self.mass)] > 0).mean(axis=1)}
