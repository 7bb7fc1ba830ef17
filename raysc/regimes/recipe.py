"""What a regime answers: which rows one generation trains on."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import floor
from typing import ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np

from raysc.errors import InputError


class Source(NamedTuple):
    """Where rows come from. A tuple, since long loops look sources up a million times.

    Attributes:
        kind: the initial real rows, new real rows drawn for one generation, or the samples of one generation.
        generation: for synthetic rows the generation that was sampled, for fresh rows the one that trains on them,
            0 for the initial real rows.
    """

    kind: Literal["real", "fresh", "synthetic"]
    generation: int = 0


REAL = Source("real")


def fresh(generation: int) -> Source:
    """New real rows, drawn from the data's distribution for this generation alone."""
    return Source("fresh", generation)


def synthetic(generation: int) -> Source:
    """S_t, the rows sampled from G_t."""
    return Source("synthetic", generation)


Chooser = Callable[[np.ndarray, np.ndarray, int, np.random.Generator], np.ndarray]
"""Picks rows among candidates, for one seed: (candidates, real, count, generator) -> indices.

- candidates: (among, *event) as stored, read-only: points float, images uint8, token ids;
- real: all n initial real rows of the seed, (n, *event), read-only;
- count: how many are wanted;
- generator: whatever is drawn comes from it, so that the same rows are picked after a resume and in any pack;
- indices: integers (count,), each 0 <= index < among, in any order, repeats allowed.

Equal takes choose once: later generations train on the same rows of that source. So give a method of the regime or a
function of its module rather than a lambda made anew, which equals no other. It is not asked about a seed none of whose
candidates is finite: that model diverged. An address knows the regime's file and parameters, and no other file that a
chooser reads.
"""


@dataclass(frozen=True)
class Take:
    """The first ``count`` rows of a source in the source's own random order (all of them: no order matters).

    Attributes:
        source: where the rows come from.
        count: how many there are in the training set.
        among: with ``choose``: the first ``among`` rows are the candidates of which ``count`` are chosen.
        choose: chooses them.

    Raises:
        InputError: one of both without the other, or nothing to choose among.
    """

    source: Source
    count: int
    among: int | None = None
    choose: Chooser | None = None

    def __post_init__(self) -> None:
        if (self.among is None) != (self.choose is None):
            raise InputError("a take has both `among` and `choose`, or neither")
        if self.among is not None and self.among < 1 <= self.count:
            raise InputError(f"{self.count} rows cannot be chosen among {self.among}")

    @property
    def candidates(self) -> int:
        """How many rows the source must have."""
        return self.count if self.among is None else self.among


@dataclass(frozen=True)
class Recipe:
    """The training set of one generation.

    Attributes:
        takes: the rows that are put together, source by source; never empty.
        subsample: if given, this many rows are drawn from those without replacement, anew for every generation;
            at most the sum of the counts.
    """

    takes: tuple[Take, ...]
    subsample: int | None = None

    @property
    def rows(self) -> int:
        """How many rows the generation trains on."""
        return self.subsample if self.subsample is not None else sum(take.count for take in self.takes)


class Regime(Protocol):
    """The rule that says which rows G_t trains on. A dataclass whose fields are the rule's parameters.

    Attributes:
        version: part of every lineage key; raise it when the rule changes.
        default_lambda: lambda where the sweep file sets none; ``None``: it must be set; ``"not taken"``: the rule has
            no lambda, the column stays empty, and giving one makes no difference.
    """

    version: ClassVar[int]
    default_lambda: ClassVar[float | Literal["not taken"] | None]

    def recipe(self, generation: int, rows: int, lambda_: Fraction) -> Recipe:
        """The rows of one generation.

        Args:
            generation: t >= 1, the generation that will be trained.
            rows: n >= 1, the number of initial real rows.
            lambda_: synthetic rows per real row, >= 0, exact; 0 where the regime takes none.

        Returns:
            Exact counts; sources of generations < t only.
        """
        ...


@runtime_checkable
class ChecksRows(Protocol):
    """A regime that chooses by what is in the rows, and not of all rows can."""

    def check(self, kind: str, event: tuple[int, ...]) -> None:
        """InputError if it cannot choose among rows of a kind (points, images, text) and shape."""
        ...


def per_real_row(lambda_: Fraction, rows: int) -> int:
    """floor(lambda n), of the exact decimal: 0.29 of 100 rows is 29."""
    return floor(lambda_ * rows)


@cache
def exact(lambda_: float | None) -> Fraction:
    """A lambda as the decimal that the user wrote; 0 where there is none."""
    return Fraction(repr(lambda_)) if lambda_ is not None else Fraction(0)
