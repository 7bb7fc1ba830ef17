"""Accumulate: real rows and the samples of all earlier generations."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import repeat
from typing import ClassVar

from raysc.regimes.recipe import REAL, Recipe, Take, per_real_row, synthetic


@cache
def _take(generation: int, count: int) -> Take:
    """Return one object for equal takes: a long loop compares them at each generation, and identity is fast."""
    return Take(synthetic(generation), count)


def accumulated_takes(generation: int, rows: int, lambda_: Fraction) -> tuple[Take, ...]:
    """Return all n real rows and floor(lambda n) rows of each of S_0, ..., S_{t-1}."""
    per_generation = per_real_row(lambda_, rows)
    return (Take(REAL, rows), *map(_take, range(generation), repeat(per_generation)))


@dataclass(frozen=True)
class Accumulate:
    """Accumulate (Gerstgrasser et al. 2024; Kazdan et al. 2024): n + t floor(lambda n) rows at generation t."""

    version: ClassVar[int] = 1
    default_lambda: ClassVar[float] = 1.0

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        """Return all n real rows and floor(lambda n) rows of each of S_0, ..., S_{t-1}."""
        return Recipe(accumulated_takes(generation, rows, lambda_))
