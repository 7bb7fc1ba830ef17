"""Proportions: n rows of all generations, each with a weight by its age."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from math import isfinite
from typing import ClassVar, Literal

from raysc.errors import InputError
from raysc.regimes.recipe import REAL, Recipe, Take, synthetic


@dataclass(frozen=True)
class Proportions:
    """A training set of n rows of all generations in set proportions (Seddik et al. 2024; Fu et al. 2024).

    Samples of age k = t - s, which are those of S_s, have the weight g^(k-1) k^-p: constant (g = 1, p = 0), polynomial
    (p > 0) or geometric (g < 1). Constant weights are the balanced data cycle of Briesch et al. 2023.

    Attributes:
        real: share of real rows, 0 to 1; none: the real rows weigh like samples of age t + 1.
        power: p, at least 0.
        base: g, above 0 and at most 1.
    """

    real: float | None = None
    power: float = 0.0
    base: float = 1.0

    version: ClassVar[int] = 1
    default_lambda: ClassVar[Literal["not taken"]] = "not taken"

    def __post_init__(self) -> None:
        if self.real is not None and not 0 <= self.real <= 1:
            raise InputError(f"real must be from 0 to 1, not {self.real:g}")
        if not (self.power >= 0 and isfinite(self.power)):
            raise InputError(f"power must be a number of at least 0, not {self.power:g}")
        if not 0 < self.base <= 1:
            raise InputError(f"base must be above 0 and at most 1, not {self.base:g}")

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        """Return n rows: real ones, and rows of each of S_0, ..., S_{t-1}."""
        weights = [self.base ** (age - 1) * age**-self.power for age in range(generation + 1, 0, -1)]
        if self.real is not None:
            weights[0] = 0.0
            total = sum(weights)
            weights = [self.real, *(weight / total * (1 - self.real) for weight in weights[1:])]
        real, *counts = split(rows, weights)
        return Recipe((Take(REAL, real), *(Take(synthetic(s), count) for s, count in enumerate(counts))))


def split(total: int, weights: Sequence[float]) -> list[int]:
    """Split a number of rows by weights: counts with the given sum, each less than 1 away from its share."""
    ends = list(accumulate(weights))
    return [last - first for first, last in pairwise([0, *(round(total * end / ends[-1]) for end in ends)])]
