"""Replace: the newest samples only."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from raysc.regimes.recipe import Recipe, Take, per_real_row, synthetic


@dataclass(frozen=True)
class Replace:
    """The fully synthetic loop: only floor(lambda n) rows of S_{t-1} ("replace", Kazdan et al. 2024).

    Attributes:
        grow: train on floor(lambda n (t+1)) rows of S_{t-1}, as many as accumulate has at generation t: a control that
            separates the size of a training set from its content (Gerstgrasser et al. 2024).
    """

    grow: bool = False

    version: ClassVar[int] = 1
    default_lambda: ClassVar[float] = 1.0

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        """Return floor(lambda n) rows of S_{t-1}, or floor(lambda n (t+1)) with ``grow``."""
        size = rows * (generation + 1) if self.grow else rows
        return Recipe((Take(synthetic(generation - 1), per_real_row(lambda_, size)),))
