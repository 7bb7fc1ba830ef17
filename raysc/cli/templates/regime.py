"""A regime: the rule that says which rows generation t trains on."""

from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import ClassVar

from raysc.plugins import REAL, InputError, Recipe, Take, per_real_row, synthetic


@dataclass(frozen=True)
class MyRegime:
    """Some of the n real rows, and floor(lambda n) samples of the previous generation.

    The fields are the parameters of the regime in a sweep file: ``regime: {name: ..., real_share: 0.25}``.

    Attributes:
        real_share: share of the real rows that every generation trains on, above 0 to 1.
    """

    real_share: float = 0.5

    # A plug-in is known by the hash of its file: an edited file makes new lineages, so the version stays 1.
    version: ClassVar[int] = 1
    # lambda where a sweep file has none; "not taken" for a regime without lambda.
    default_lambda: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        # An InputError is shown with the line of the sweep file, before work starts.
        if not 0 < self.real_share <= 1:
            raise InputError(f"real_share must be above 0 and at most 1, not {self.real_share:g}")

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        """Return how many rows of which source generation t >= 1 takes; raysc draws, permutes and mixes them.

        Args:
            generation: t.
            rows: n, the number of real rows.
            lambda_: synthetic rows per real row, exact.
        """
        # Sources: REAL, fresh(t) for new real rows, and synthetic(s) for the samples of generation s < t.
        # Further arguments of Take select (choose), change (transform) and weigh (weight) rows; docs: Plug-ins.
        return Recipe(
            (
                Take(REAL, max(1, floor(self.real_share * rows))),
                Take(synthetic(generation - 1), per_real_row(lambda_, rows)),
            )
        )
