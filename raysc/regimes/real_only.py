"""Real only: the control."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Literal

from raysc.regimes.recipe import REAL, Recipe, Take


@dataclass(frozen=True)
class RealOnly:
    """G_t trains on the n real rows: lambda = 0 of Bertrand et al. 2023, the control (baseline) of other regimes."""

    version: ClassVar[int] = 1
    default_lambda: ClassVar[Literal["not taken"]] = "not taken"

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        """Return all n real rows."""
        return Recipe((Take(REAL, rows),))
