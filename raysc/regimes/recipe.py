"""What a regime answers: which rows one generation trains on."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import floor
from typing import ClassVar, Literal, NamedTuple, Protocol


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


@dataclass(frozen=True)
class Take:
    """The first ``count`` rows of a source in the source's own random order (all of them: no order matters)."""

    source: Source
    count: int


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


def per_real_row(lambda_: Fraction, rows: int) -> int:
    """floor(lambda n), of the exact decimal: 0.29 of 100 rows is 29."""
    return floor(lambda_ * rows)


@cache
def exact(lambda_: float | None) -> Fraction:
    """A lambda as the decimal that the user wrote; 0 where there is none."""
    return Fraction(repr(lambda_)) if lambda_ is not None else Fraction(0)
