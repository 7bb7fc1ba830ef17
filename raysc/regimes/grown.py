"""Grown: the newest samples only, more of them at each generation."""

from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from typing import ClassVar

from raysc.errors import InputError
from raysc.regimes.recipe import Recipe, Take, per_real_row, synthetic


@dataclass(frozen=True)
class Grown:
    """Replace with a growing sample (Xu, He and Cheng 2025): floor(lambda n) t^a rows of S_{t-1}, rounded.

    The variance of a mean is a sum of 1 / n_t over the generations: bounded for a > 1 only.

    Attributes:
        power: a, at least 0; 0 is replace.
    """

    power: float

    version: ClassVar[int] = 1
    default_lambda: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        if not (self.power >= 0 and isfinite(self.power)):
            raise InputError(f"power must be a number of at least 0, not {self.power:g}")

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        """Return floor(lambda n) t^a rows of S_{t-1}, rounded."""
        count = round(per_real_row(lambda_, rows) * generation**self.power)
        return Recipe((Take(synthetic(generation - 1), count),))
