"""The newest samples alone."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from raysc.regimes.recipe import Recipe, Take, per_real_row, synthetic


@dataclass(frozen=True)
class Replace:
    """The fully synthetic loop: only floor(lambda n) rows of S_{t-1} ("replace", Kazdan et al. 2024).

    Attributes:
        grow: train on floor(lambda n (t+1)) rows of S_{t-1} instead, as many as accumulate has at generation t: the
            control that tells the size of a training set from what is in it (Gerstgrasser et al. 2024).
    """

    grow: bool = False

    version: ClassVar[int] = 1
    default_lambda: ClassVar[float] = 1.0

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        """floor(lambda n) rows of the newest generation, or floor(lambda n (t+1)) with ``grow``."""
        size = rows * (generation + 1) if self.grow else rows
        return Recipe((Take(synthetic(generation - 1), per_real_row(lambda_, size)),))
