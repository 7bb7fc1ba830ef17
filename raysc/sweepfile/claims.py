"""``claims``: sentences of a paper, written so that a machine can judge them. In no key: claims change no result.

A claim compares one number per seed of the cells that ``of`` selects with the same number of what ``than`` says:

    says: replace loses to accumulate        # in words
    source: "Kazdan et al. 2024, section 2"
    metric: trace_ratio                      # a column of a listed metric
    value: {at: last}                        # or {at: 10}, {at: [1, 10, last]} for all of them at once,
                                             # {slope: [10, last]}, {crossing: {below: 0.01}}
    of: {regime: replace}                    # axis: value, or axis: [values]
    than: {regime: accumulate}               # or generation 0, control, theory, a number
    relation: below                          # above | below | within
    by: 0.5                                  # here: the ratio of the two lies below 0.5
    for_each: [data.dim, data.rows]          # must be true for each of these; `of` and `than` share their values

- ``scale``: log: a ratio of two values, so ``by`` is a factor; linear: their difference. The metric's own if not set.
  ``within`` a factor f means between 1/f and f.
- ``value``: at one or several generations; slope: the change per generation of the value (of its logarithm) by least
  squares over the measured generations from a to b; crossing: how many models were fitted when the metric first was at
  or beyond a level, so 1 if generation 0 is there already, and t + 1 at generation t.
- ``trend``: an axis; what is judged is the slope over this axis (its logarithm on a log scale) instead.
- ``minus``: {of, than, value}: a second comparison that is taken off the first; ``value`` is the claim's if not set.
- ``expect``: {fails: why} where the sentence is known not to hold here; claims are expected to hold otherwise.

Slopes are compared by difference on either scale, so there a number and ``by`` are slopes.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import Field

from raysc.settings import Cell, Measure, Settings
from raysc.sweepfile.measured_generations import generations_measured

Scale = Literal["log", "linear"]
Relation = Literal["above", "below", "within"]
Reference = Literal["generation 0", "control", "theory"]

REFERENCES: tuple[Reference, ...] = get_args(Reference)

EXAMPLES = "{at: last}, {at: [1, 10]}, {slope: [1, last]} or {crossing: {below: 0.01}}"


@dataclass(frozen=True)
class Value:
    """The number of one cell and seed that is compared.

    Attributes:
        kind: "at": the metric at each of the generations; "slope": least squares over them; "crossing": models fitted
            until the metric is beyond the level at one of them.
        generations: measured ones, in order.
        level: of a crossing.
        side: of a crossing: "below" if values at or under the level are beyond it.
    """

    kind: Literal["at", "slope", "crossing"]
    generations: tuple[int, ...]
    level: float = math.nan
    side: Literal["above", "below"] = "above"


@dataclass(frozen=True)
class Comparison:
    """A value of some cells against something.

    Attributes:
        value: what is compared.
        of: places in the sweep, one for each value of the trend's axis; one alone without a trend.
        than: such places too, or what else the value is compared with.
    """

    value: Value
    of: tuple[int, ...]
    than: tuple[int, ...] | Reference | float


@dataclass(frozen=True)
class Case:
    """One of the sentences that a claim is made of.

    Attributes:
        where: the axes of ``for_each`` with their values here.
        first: the comparison.
        minus: what is taken off it.
        axis: values of the trend's axis, in the order of the cells; empty without a trend.
    """

    where: Mapping[str, Any]
    first: Comparison
    minus: Comparison | None
    axis: tuple[float, ...]


@dataclass(frozen=True)
class Claim:
    """A claim whose cells and generations are known to be in the sweep.

    Attributes:
        says: the sentence.
        source: where it stands; "" if nobody said.
        metric: the column.
        compares: the two sides in words, with what is taken off them: ``regime replace, than regime accumulate``.
        relation: how the comparison must lie to ``by``.
        by: a factor where ``ratio``, else a difference.
        ratio: values are compared by their ratio.
        scale: log: of the values' logarithms (ratios, relative slopes); linear: of the values themselves.
        trend: the axis over which the slope is taken, if any.
        cases: all must hold; at least one.
        fails: why it is expected to fail; None: it is expected to hold.
    """

    says: str
    source: str
    metric: str
    compares: str
    relation: Relation
    by: float
    ratio: bool
    scale: Scale
    trend: str | None
    cases: tuple[Case, ...]
    fails: str | None


@dataclass(frozen=True)
class Facts:
    """What claims may speak of.

    Attributes:
        cells: of the sweep.
        generations: T.
        measure: which generations are measured.
        columns: metric column -> its scale.
    """

    cells: Sequence[Cell]
    generations: int
    measure: Measure
    columns: Mapping[str, Scale]

    @property
    def measured(self) -> tuple[int, ...]:
        return generations_measured(self.measure, self.generations)


class CrossingText(Settings):
    """A level, and the side of it that counts."""

    above: float | None = None
    below: float | None = None


class ValueText(Settings):
    """Exactly one of them is given. ``Any``: checked below."""

    at: Any = None
    slope: Any = None
    crossing: CrossingText | None = None


class MinusText(Settings):
    """A second comparison."""

    of: dict[str, Any]
    than: Any
    value: ValueText | None = None


class ExpectText(Settings):
    """What is known beforehand."""

    fails: str = Field(min_length=1)


class ClaimText(Settings):
    """A claim as it is written. ``Any``: checked below, by code that can say more than a type."""

    says: str = Field(min_length=1)
    source: str = ""
    metric: str
    value: ValueText = ValueText(at="last")
    of: dict[str, Any]
    than: Any
    relation: Relation
    by: float | None = None
    minus: MinusText | None = None
    trend: str | None = None
    for_each: tuple[str, ...] = ()
    scale: Scale | None = None
    expect: ExpectText | None = None
