"""Accumulate-subsample: a fixed number of rows out of all real and synthetic rows."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from raysc.errors import InputError
from raysc.regimes.accumulate import accumulated_takes
from raysc.regimes.recipe import Recipe


@dataclass(frozen=True)
class AccumulateSubsample:
    """Accumulate with a fixed budget of rows (Kazdan et al. 2024, "accumulate-subsample").

    The pool is the training set of accumulate. ``rows`` rows of it are drawn without replacement, anew at every
    generation.

    Attributes:
        rows: rows drawn, n if not set; at most the pool of generation 1.
    """

    rows: int | None = None

    version: ClassVar[int] = 1
    default_lambda: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        if self.rows is not None and self.rows < 1:
            raise InputError(f"rows must be at least 1, not {self.rows}")

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        """Return ``rows`` (or n) rows out of n real rows and floor(lambda n) rows of each of S_0, ..., S_{t-1}."""
        takes = accumulated_takes(generation, rows, lambda_)
        subsample = rows if self.rows is None else self.rows
        pool = sum(take.count for take in takes)
        if subsample > pool:
            raise InputError(
                f"regime.rows: {subsample} rows cannot be drawn from the {pool} rows of generation {generation}"
            )
        return Recipe(takes, subsample)
