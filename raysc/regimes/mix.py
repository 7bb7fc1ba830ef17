"""Mix: real rows and the newest samples."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from raysc.regimes.recipe import REAL, Recipe, Take, per_real_row, synthetic


@dataclass(frozen=True)
class Mix:
    """Iterative retraining of Bertrand et al. 2023: all n real rows and floor(lambda n) rows of S_{t-1}.

    Lambda has no default, since it is the variable of such a sweep.
    """

    version: ClassVar[int] = 1
    default_lambda: ClassVar[None] = None

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        """Return all n real rows and floor(lambda n) rows of S_{t-1}."""
        return Recipe((Take(REAL, rows), Take(synthetic(generation - 1), per_real_row(lambda_, rows))))
