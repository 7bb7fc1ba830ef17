"""Real rows and the samples of every generation so far."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import repeat
from typing import ClassVar

from raysc.regimes.recipe import REAL, Recipe, Take, per_real_row, synthetic


@cache
def _batch(generation: int, count: int) -> Take:
    """One object for equal takes: a long loop names them once a generation, and comparing them is then quick."""
    return Take(synthetic(generation), count)


def everything_so_far(generation: int, rows: int, lambda_: Fraction) -> tuple[Take, ...]:
    """All n real rows and floor(lambda n) of each of the generations 0 to t-1."""
    each = per_real_row(lambda_, rows)
    return (Take(REAL, rows), *map(_batch, range(generation), repeat(each)))


@dataclass(frozen=True)
class Accumulate:
    """Accumulate (Gerstgrasser et al. 2024; Kazdan et al. 2024): n + t floor(lambda n) rows at generation t."""

    version: ClassVar[int] = 1
    default_lambda: ClassVar[float] = 1.0

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        """All n real rows and floor(lambda n) of every earlier generation."""
        return Recipe(everything_so_far(generation, rows, lambda_))
