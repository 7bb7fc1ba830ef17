"""Weighted: new real rows and the newest samples, each with a weight."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from raysc.errors import InputError
from raysc.regimes import recipe as recipes
from raysc.regimes.recipe import Recipe, Take, per_real_row, synthetic


@dataclass(frozen=True)
class Weighted:
    """The weighted loop of He, Xu and Cheng 2025: n new real rows of weight w and floor(lambda n) of S_{t-1} of 1 - w.

    At lambda 1 the squared error of a mean settles at (2 w^2 - 2 w + 1) / (2 w - w^2) of that of n real rows. It is
    least at w = (sqrt(5) - 1) / 2 = 0.618, and 0.618 there.

    Attributes:
        weight: w, above 0 and at most 1; 1 leaves the samples out.
    """

    weight: float

    version: ClassVar[int] = 1
    default_lambda: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.weight <= 1:
            raise InputError(f"weight must be above 0 and at most 1, not {self.weight:g}")

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        """Return n new real rows and floor(lambda n) rows of S_{t-1}, with their weights."""
        real = Take(recipes.fresh(generation), rows, weight=self.weight)
        if self.weight == 1:
            return Recipe((real,))
        samples = Take(synthetic(generation - 1), per_real_row(lambda_, rows), weight=1 - self.weight)
        return Recipe((real, samples))
