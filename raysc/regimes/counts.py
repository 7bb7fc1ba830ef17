"""So many real rows and so many synthetic ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Literal

from raysc.errors import InputError
from raysc.regimes.recipe import REAL, Recipe, Take, synthetic


@dataclass(frozen=True)
class Counts:
    """Cardinality against proportion: N_real real rows and N_syn rows of S_{t-1}.

    The "value of synthetic data" study of Kazdan et al. 2024 is this with ``generations: 1``. Generation 0 does not go
    by it: it trains on all n real rows (or ``initial.rows``), as the model did from which the paper draws its synthetic
    rows, so that all pairs of counts share it. From generation 1 on the N_real rows are all that is real. Those of a
    smaller N_real are among those of a larger one; the same holds for N_syn.

    Its matched control trains on the same N_real rows without synthetic ones, for as many optimiser steps. A control on
    all n rows would differ in two things, the synthetic rows and n - N_real real ones, and tell the value of neither.

    Attributes:
        real: N_real, at most n; 0 to train on synthetic rows alone.
        synthetic: N_syn; G_{t-1} is sampled as often as that takes.
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
        if self.real + self.synthetic == 0:
            raise InputError("real: 0 and synthetic: 0 leave nothing to train on")

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        """``real`` real rows and ``synthetic`` of the newest generation."""
        if self.real > rows:
            raise InputError(f"regime.real: {self.real} rows cannot be taken from the {rows} real rows of the data")
        return Recipe((Take(REAL, self.real), Take(synthetic(generation - 1), self.synthetic)))
