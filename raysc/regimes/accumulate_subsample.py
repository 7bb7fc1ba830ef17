"""A fixed number of rows out of everything so far."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from raysc.errors import InputError
from raysc.regimes.accumulate import everything_so_far
from raysc.regimes.recipe import Recipe


@dataclass(frozen=True)
class AccumulateSubsample:
    """Accumulate with a fixed budget of rows (Kazdan et al. 2024, "accumulate-subsample").

    The pool is that of accumulate; ``rows`` of it are drawn without replacement, anew at every generation.

    Attributes:
        rows: rows drawn, n if not set; the pool of generation 1 must have as many.
    """

    rows: int | None = None

    version: ClassVar[int] = 1
    default_lambda: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        if self.rows is not None and self.rows < 1:
            raise InputError(f"rows must be at least 1, not {self.rows}")

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        """``rows`` (or n) rows out of n real ones and floor(lambda n) of every earlier generation."""
        takes = everything_so_far(generation, rows, lambda_)
        drawn = rows if self.rows is None else self.rows
        pool = sum(take.count for take in takes)
        if drawn > pool:
            raise InputError(
                f"regime.rows: {drawn} rows cannot be drawn from the {pool} rows of generation {generation}"
            )
        return Recipe(takes, subsample=drawn)
