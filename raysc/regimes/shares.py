"""Shares: n rows, a share of them real, which stays or decays."""

from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from typing import ClassVar, Literal

from raysc.errors import InputError
from raysc.regimes import recipe as recipes
from raysc.regimes.recipe import REAL, Recipe, Take, synthetic


@dataclass(frozen=True)
class Shares:
    """A training set of n rows: a share alpha_t = c t^-a of them is real, the others are rows of S_{t-1}.

    A constant share of new real rows is the contaminated loop of Kanabar and Gastpar 2025 and of Fu et al. 2024; with
    one retraining it is the setting of strong collapse of Dohmatob et al. 2024. n alpha_t is rounded. Without rows of
    S_{t-1} (c = 1, a = 0) no model reads another one's samples.

    Attributes:
        real: c, share of real rows at generation 1, 0 to 1.
        power: a, at least 0; 0: the share stays.
        fresh: true: new real rows at every generation, of data with an unlimited supply; false: the first of the n
            real rows.
    """

    real: float
    power: float = 0.0
    fresh: bool = False

    version: ClassVar[int] = 1
    default_lambda: ClassVar[Literal["not taken"]] = "not taken"

    def __post_init__(self) -> None:
        if not 0 <= self.real <= 1:
            raise InputError(f"real must be from 0 to 1, not {self.real:g}")
        if not (self.power >= 0 and isfinite(self.power)):
            raise InputError(f"power must be a number of at least 0, not {self.power:g}")

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        """Return c t^-a n real rows, rounded, and as many rows of S_{t-1} as complete n."""
        real = round(self.real * generation**-self.power * rows)
        source = recipes.fresh(generation) if self.fresh else REAL
        return Recipe((Take(source, real), Take(synthetic(generation - 1), rows - real)))
