"""Redrawn: a share of the real rows, others at each generation, and the newest samples."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from raysc.errors import InputError
from raysc.regimes.recipe import REAL, Recipe, Take, exact, per_real_row, synthetic


@dataclass(frozen=True)
class Redrawn:
    """The loop of Shumailov et al. 2024: floor(share n) real rows, drawn anew, and floor(lambda n) of S_{t-1}.

    Attributes:
        share: share of the n real rows at each generation, 0 to 1.
    """

    share: float = 0.1

    version: ClassVar[int] = 1
    default_lambda: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise InputError(f"share must be from 0 to 1, not {self.share:g}")

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        """Return floor(share n) real rows, others at each generation, and floor(lambda n) rows of S_{t-1}."""
        real = Take(REAL, per_real_row(exact(self.share), rows), redraw=generation)
        return Recipe((real, Take(synthetic(generation - 1), per_real_row(lambda_, rows))))
