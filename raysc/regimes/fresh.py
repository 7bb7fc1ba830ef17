"""Fresh: new real rows at every generation."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from raysc.errors import InputError
from raysc.regimes import recipe as recipes
from raysc.regimes.recipe import Recipe, Take, per_real_row, synthetic


@dataclass(frozen=True)
class Fresh:
    """The fresh data loop of Alemohammad et al. 2023: new real rows each generation and floor(lambda n) of S_{t-1}.

    It needs data with an unlimited supply of rows.

    Attributes:
        rows: n_r, new real rows per generation; n if not set.
    """

    rows: int | None = None

    version: ClassVar[int] = 1
    default_lambda: ClassVar[None] = None

    def __post_init__(self) -> None:
        if self.rows is not None and self.rows < 0:
            raise InputError(f"rows must be at least 0, not {self.rows}")

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        """Return ``rows`` (or n) new real rows and floor(lambda n) rows of S_{t-1}."""
        new = rows if self.rows is None else self.rows
        newest = Take(synthetic(generation - 1), per_real_row(lambda_, rows))
        return Recipe((Take(recipes.fresh(generation), new), newest))
