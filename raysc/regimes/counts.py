"""Counts: a fixed number of real rows and a fixed number of synthetic rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Literal

from raysc.errors import InputError
from raysc.regimes.recipe import REAL, Recipe, Take, synthetic


@dataclass(frozen=True)
class Counts:
    """Cardinality against proportion: N_real real rows and N_syn rows of S_{t-1}.

    With ``generations: 1`` this is the "value of synthetic data" study of Kazdan et al. 2024. Generation 0 trains on
    all n real rows (or ``initial.rows``), like the model from which the paper draws its synthetic rows, so all pairs of
    counts share it. From generation 1 on the training set has N_real real rows. The rows of a smaller N_real are among
    those of a larger one; the same holds for N_syn.

    The matched control trains on the same N_real rows without synthetic ones, for as many optimiser steps. A control on
    all n rows would differ in two ways, the synthetic rows and n - N_real real rows, and isolate neither effect.

    Without real and without synthetic rows nothing is trained: G_t is the start model. So is the matched control of
    synthetic rows alone, which has no rows for more steps.

    Attributes:
        real: N_real, at most n; 0 to train on synthetic rows alone.
        synthetic: N_syn; G_{t-1} draws at least as many rows.
    """

    real: int
    synthetic: int

    version: ClassVar[int] = 1
    default_lambda: ClassVar[Literal["not taken"]] = "not taken"
    matched_control: ClassVar[Mapping[str, Any]] = {"synthetic": 0}

    def __post_init__(self) -> None:
        for name, count in (("real", self.real), ("synthetic", self.synthetic)):
            if count < 0:
                raise InputError(f"{name} must be at least 0, not {count}")

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        """Return ``real`` real rows and ``synthetic`` rows of S_{t-1}."""
        if self.real > rows:
            raise InputError(f"regime.real: {self.real} rows cannot be taken from the {rows} real rows of the data")
        if self.real + self.synthetic == 0:
            return Recipe(())
        return Recipe((Take(REAL, self.real), Take(synthetic(generation - 1), self.synthetic)))
