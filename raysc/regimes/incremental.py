"""Incremental: a share of the rows of the last training set is replaced at each generation."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import ClassVar, Literal

from raysc.errors import InputError
from raysc.regimes.proportions import split
from raysc.regimes.recipe import REAL, Recipe, Take, synthetic


@dataclass(frozen=True)
class Incremental:
    """Edits: D_t is D_{t-1} with a share e_t = e d^(t-1) of its rows replaced by rows of S_{t-1}; D_0 is the real rows.

    With d = 1 it is the incremental data cycle of Briesch et al. 2023. With d < 1 the edits come to an end, and
    n prod (1 - e_t) real rows stay, as in the editing of tokens or labels of Zhu et al. 2025. Every row has the same
    chance to be replaced: each source loses the share e_t of its rows, up to rounding. Curations that select rows are
    refused, since a selection of fewer rows is made anew and is no part of D_{t-1}.

    Attributes:
        share: e, share of the rows replaced at generation 1, above 0 and at most 1.
        decay: d, above 0 and at most 1.
    """

    share: float
    decay: float = 1.0

    version: ClassVar[int] = 1
    default_lambda: ClassVar[Literal["not taken"]] = "not taken"

    def __post_init__(self) -> None:
        for name, value in (("share", self.share), ("decay", self.decay)):
            if not 0 < value <= 1:
                raise InputError(f"{name} must be above 0 and at most 1, not {value:g}")

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        """Return n rows: the real rows and the rows of each of S_0, ..., S_{t-1} that later edits have left."""
        edits = [self.share * self.decay**t for t in range(generation)]  # e_1, ..., e_t
        # prod_{s < u <= t} (1 - e_u) for s = t, ..., 0: what edits after generation s have left of its rows.
        kept = list(accumulate(reversed(edits), lambda product, edit: product * (1 - edit), initial=1.0))
        weights = [edit * left for edit, left in zip(reversed(edits), kept, strict=False)]
        real, *counts = split(rows, [kept[-1], *reversed(weights)])
        return Recipe((Take(REAL, real), *(Take(synthetic(s), count) for s, count in enumerate(counts))))
