"""Window: the samples of the last generations, with or without the real rows."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from raysc.errors import InputError
from raysc.regimes.recipe import REAL, Recipe, Take, per_real_row, synthetic


@dataclass(frozen=True)
class Window:
    """A window of w generations: floor(lambda n) rows of each of S_{t-w}, ..., S_{t-1}, and all n real rows or none.

    While there are fewer than w generations, it takes all of them. With width 1 it is mix or replace; with a width of
    all generations and the real rows it is accumulate. The mean of a family of means follows
    theta_t = (n theta_real + m sum_{j=1..w} theta_{t-j}) / (n + w m), m = floor(lambda n): a linear recursion, which
    relaxes at the rate of the largest eigenvalue of its companion matrix.

    Attributes:
        width: w, at least 1.
        real: true: every training set has the n real rows; false: samples only.
    """

    width: int
    real: bool = True

    version: ClassVar[int] = 1
    default_lambda: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        if self.width < 1:
            raise InputError(f"width must be at least 1, not {self.width}")

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        """Return all n real rows or none, and floor(lambda n) rows of each of the last w generations, oldest first."""
        count = per_real_row(lambda_, rows)
        oldest = max(0, generation - self.width)
        samples = tuple(Take(synthetic(earlier), count) for earlier in range(oldest, generation))
        return Recipe((Take(REAL, rows), *samples) if self.real else samples)
