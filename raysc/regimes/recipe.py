"""Recipes: the composition of the training set of one generation, which a ``Regime`` returns.

A recipe is a list of takes. A ``Take`` is a number of rows of one ``Source``: the initial real rows, new real rows, or
the samples S_t of an earlier generation. ``mix``, for example, returns

    Recipe((Take(REAL, rows), Take(synthetic(generation - 1), per_real_row(lambda_, rows))))

A recipe holds counts only. The loop draws, permutes and mixes the rows. Equal recipes give equal rows.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from math import floor, isfinite
from typing import Literal, NamedTuple, get_args

import numpy as np

from raysc.errors import InputError


class Source(NamedTuple):
    """Origin of rows. A tuple, since long loops look sources up a million times.

    Attributes:
        kind: "real": the initial real rows; "fresh": new real rows, drawn for one generation; "synthetic": the samples
            of one generation.
        generation: of synthetic rows: the generation that was sampled; of fresh rows: the first generation that trains
            on them; of the initial real rows: 0.
    """

    kind: Literal["real", "fresh", "synthetic"]
    generation: int = 0


REAL = Source("real")
"""The n initial real rows."""


def fresh(generation: int) -> Source:
    """Return the source of new real rows for a generation, from the data's distribution or its reserve.

    Later generations may take them again, at most as many as that generation took.
    """
    return Source("fresh", generation)


def synthetic(generation: int) -> Source:
    """Return the source S_t, the rows sampled from G_t."""
    return Source("synthetic", generation)


Need = Literal["texts", "labels", "scores"]
"""A view of the candidates that a chooser asks for; see ``Take.needs``."""

Chooser = Callable[..., np.ndarray]
"""Selection of rows among candidates, for one seed: (candidates, real, count, generator, **views) -> indices.

- candidates: (among, *event) as stored, read-only: points float, images uint8, token ids;
- real: all n initial real rows of the seed, (n, *event), read-only;
- count: number of rows to select;
- generator: source of all randomness, so that a resumed run and any pack of seeds select the same rows;
- views: a keyword argument for each entry of ``Take.needs``;
- indices: integers (count,), 0 <= index < among, in any order, repeats allowed.

Equal takes select once: later generations train on the same rows. So pass a method of the regime or a function of its
module. A new lambda at each call equals no other and selects anew. The function is not called for a seed without any
finite candidate: its model diverged. Lineage keys cover the regime's file and parameters, and no other file that the
function reads. All this holds for ``Transform`` and ``Weigher``, too.
"""

Transform = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]
"""Change of rows, for one seed: (rows, real, generator) -> rows of the same shape and dtype.

- rows: (count, *event), the rows of the take, read-only;
- real, generator: as for ``Chooser``.
"""

Weigher = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]
"""Weights of rows, for one seed: (rows, real, generator) -> float (count,), finite, at least 0, with a positive sum.

The arguments are those of ``Transform``; the rows are transformed ones where the take has a transform.
"""


@dataclass(frozen=True)
class Take:
    """The first ``count`` rows of a source in the source's own random order, or ``count`` rows that a function selects.

    Attributes:
        source: the source of the rows.
        count: rows in the training set.
        among: with ``choose``: the first ``among`` rows of the source are the candidates.
        choose: selects ``count`` rows among the candidates.
        needs: views of the candidates that ``choose`` gets as keyword arguments. "texts": list of str, decoded rows of
            text; "labels": int64 (among,), the class of the nearest labelled training row; "scores": float64 (among,),
            the log probability of each candidate under the model that sampled it, for rows of S_{t-1} only.
        transform: changes the rows after they are selected.
        weight: weight of the rows in the fit, a positive number for all of them or a function; None: 1. Weights are
            relative: a row of weight 2 counts like two rows of weight 1. Families without weights refuse the regime.
        redraw: the generation for which order, selection, transform and weights are drawn anew, such as the
            ``generation`` of ``Regime.recipe``; None: the source has one order, the same for all generations.

    Raises:
        InputError: only one of ``among`` and ``choose`` is set, there are no candidates, ``needs`` without ``choose``,
            or a weight is no positive number.
    """

    source: Source
    count: int
    among: int | None = None
    choose: Chooser | None = None
    needs: tuple[Need, ...] = ()
    transform: Transform | None = None
    weight: float | Weigher | None = None
    redraw: int | None = None
    is_plain: bool = field(init=False, repr=False, compare=False)
    """True if the take is a prefix of its source, without weights and with unchanged rows."""

    def __post_init__(self) -> None:
        if (self.among is None) != (self.choose is None):
            raise InputError("a take has both `among` and `choose`, or neither")
        if self.among is not None and self.among < 1 <= self.count:
            raise InputError(f"{self.count} rows cannot be chosen among {self.among}")
        if self.needs and (self.choose is None or not set(self.needs) <= set(get_args(Need))):
            raise InputError(f"needs: {self.needs} of a take is for `choose`, and knows {', '.join(get_args(Need))}")
        if not (self.weight is None or callable(self.weight) or (isfinite(self.weight) and self.weight > 0)):
            raise InputError(f"the weight of a take must be a positive number or a function, not {self.weight}")
        is_plain = self.choose is None and self.transform is None and self.weight is None and self.redraw is None
        object.__setattr__(self, "is_plain", is_plain)

    @property
    def source_rows(self) -> int:
        """Rows that the source must have."""
        return self.count if self.among is None else self.among

    @property
    def reads_real_rows(self) -> bool:
        """True if a function of the take gets the initial real rows."""
        return self.choose is not None or self.transform is not None or callable(self.weight)

    @property
    def address(self) -> tuple[int, tuple[int | str, ...]]:
        """Generation and index of the random streams of the take; see ``raysc.rng.stream``."""
        if self.redraw is None:
            return self.source.generation, (self.source.kind,)
        return self.redraw, (self.source.kind, "redraw", self.source.generation)


@dataclass(frozen=True)
class Recipe:
    """The composition of the training set of one generation.

    Attributes:
        takes: the rows, source by source; no take: nothing is trained, and a trained family's model stays the one that
            the fit would start from.
        subsample: number of rows drawn from the takes without replacement, anew for every generation; at most the sum
            of the counts; None: all rows.
    """

    takes: tuple[Take, ...]
    subsample: int | None = None

    @property
    def rows(self) -> int:
        """Rows of the training set."""
        return self.subsample if self.subsample is not None else sum(take.count for take in self.takes)

    @property
    def weighted(self) -> bool:
        """True if a take has weights."""
        return any(take.weight is not None for take in self.takes)


def per_real_row(lambda_: Fraction, rows: int) -> int:
    """Return floor(lambda n) of the exact decimal: 0.29 of 100 rows is 29."""
    return floor(lambda_ * rows)


@cache
def exact(lambda_: float | None) -> Fraction:
    """Return lambda as the decimal that the user wrote; 0 for None."""
    return Fraction(repr(lambda_)) if lambda_ is not None else Fraction(0)
