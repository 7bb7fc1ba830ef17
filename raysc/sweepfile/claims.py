"""``claims``: statements of a paper in a form that can be tested. They are part of no key, since they change no result.

A claim compares one number per seed of the cells ``of`` with the same number of ``than``:

    says: replace loses to accumulate        # in words
    source: "Kazdan et al. 2024, section 2"
    metric: trace_ratio                      # a column of a listed metric
    value: {at: last}                        # or {at: 10}, {at: [1, 10, last]} for all three,
                                             # {slope: [10, last]}, {crossing: {below: 0.01}}, {rho: [0, last]},
                                             # {threshold: lambda}
    of: {regime: replace}                    # axis: value, or axis: [values]
    than: {regime: accumulate}               # or generation 0, control, theory, a number
    relation: below                          # above | below | within
    by: 0.5                                  # the ratio of the two is below 0.5
    for_each: [data.dim, data.rows]          # one case per combination; `of` and `than` have equal values of these

- ``scale``: log: the ratio of two values, so ``by`` is a factor; linear: their difference; default: the metric's scale.
  ``within`` a factor f means between 1/f and f.
- ``value``: at: one or several generations; slope: the change of the value (log scale: of its logarithm) per
  generation, by least squares over the measured generations from a to b; crossing: the number of fitted models when
  the metric is first at or beyond a level, t + 1 at generation t; rho: the ratio of successive increments of the excess
  over ``than`` between two generations, which is compared with ``by`` itself (default 1: below it the loop contracts);
  threshold: the answer of the sweep's search over this axis, of the search that ``of`` selects. ``than`` is a value of
  the axis, or selects another search, with which it is paired by seed. A log axis has ratios, a linear one differences.
- ``by``: {noise: 2} is twice the noise of the control: the standard deviation over seeds of the difference of two
  controls of different seeds, sqrt(2) times that of the control's value, as the seeds of the case have it.
- ``boundary``: a level, or {noise: 5}; the claim then compares lambda*, the lambda at which the damage against the
  control (``than: control``), or its rho, first reaches the level among the cells of ``of``: linear between their
  lambdas, from 0 at lambda 0, and above the largest lambda if it stays below. The cells of ``of`` differ in lambda
  only. ``by`` is a lambda, and with ``minus`` a difference of two of them; the noise is then that of both controls.
- ``models``: mean, least or largest; a cell's value is then that of its coupled models' values, at each generation and
  seed. ``of`` and ``than`` select cells without ``models.index``.
- ``trend``: an axis; the claim then compares slopes over this axis (log scale: over its logarithm).
- ``minus``: {of, than, value}: a second comparison that is subtracted from the first; ``value`` defaults to the
  claim's.
- ``expect``: {fails: reason} or {undecided: reason}, if this is known beforehand; without it the claim is expected to
  hold. A claim that is expected to hold and is undecided contradicts the file only for ``raysc claims --strict``.

Slopes are compared by difference on either scale; a number and ``by`` are slopes, too. All relations are judged by the
95 % interval of the mean over seeds: ``within`` holds if it lies between both bounds.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import Field

from raysc.settings import CellSettings, Measure, Settings
from raysc.sweepfile.measured_generations import generations_measured
from raysc.sweepfile.threshold_search import ThresholdSearch

Scale = Literal["log", "linear"]
Relation = Literal["above", "below", "within"]
Baseline = Literal["generation 0", "control", "theory"]
ExpectedVerdict = Literal["holds", "fails", "undecided"]
Statistic = Literal["mean", "least", "largest"]
"""How the values of the models of a cell become one value."""

BASELINES: tuple[Baseline, ...] = get_args(Baseline)

EXAMPLES = (
    "{at: last}, {at: [1, 10]}, {slope: [1, last]}, {crossing: {below: 0.01}}, {rho: [0, last]} or {threshold: lambda}"
)


@dataclass(frozen=True)
class Quantity:
    """The number of one cell and seed that a claim compares.

    Attributes:
        kind: "at": the metric at each of the generations; "slope": least squares over them; "crossing": models fitted
            until the metric is at or beyond the level at one of them; "rho": ratio of successive increments of the
            excess over the baseline; "threshold": the answer of a search.
        generations: measured generations, in order.
        level: of a crossing.
        side: of a crossing: "below": values at or under the level are beyond it; "above": values at or over it.
    """

    kind: Literal["at", "slope", "crossing", "rho", "threshold"]
    generations: tuple[int, ...]
    level: float = math.nan
    side: Literal["above", "below"] = "above"


@dataclass(frozen=True)
class Comparison:
    """A quantity of some cells and its baseline.

    Attributes:
        value: the quantity.
        of: indices of cells in the sweep: one for each value of the case's axis, or one without an axis.
        than: the baseline: indices of cells as in ``of``, a named baseline, or a number.
    """

    value: Quantity
    of: tuple[int, ...]
    than: tuple[int, ...] | Baseline | float


@dataclass(frozen=True)
class Case:
    """One case of a claim: one combination of values of ``for_each``.

    Attributes:
        where: the axes of ``for_each`` with their values.
        first: the comparison.
        minus: the comparison that is subtracted, if any.
        axis: values of the trend's axis, or the lambdas of a boundary, in the order of the cells; empty without either.
    """

    where: Mapping[str, Any]
    first: Comparison
    minus: Comparison | None
    axis: tuple[float, ...]


@dataclass(frozen=True)
class Margin:
    """A number that a claim sets.

    Attributes:
        number: the number.
        noise: it is in units of the noise of the control.
    """

    number: float
    noise: bool


@dataclass(frozen=True)
class Claim:
    """A claim whose cells and generations exist in the sweep.

    Attributes:
        says: the claim in words.
        source: its source, such as a section of a paper; "" if not set.
        metric: the column.
        compares: the two sides in words: ``regime replace, than regime accumulate``.
        relation: the relation of the comparison to ``by``.
        by: a factor if ``ratio`` and not ``noise``, else a difference.
        noise: ``by`` is in units of the noise of the control.
        ratio: quantities are compared by their ratio.
        scale: log: logarithms of the values (ratios, relative slopes); linear: the values themselves.
        trend: the axis of the slope, if any.
        boundary: the level of the damage that determines lambda*, if the claim compares lambda*.
        models: how the values of a cell's models become one; None: each cell has the value of its own model.
        cases: at least one; all must hold.
        expected: the verdict that the file expects.
        reason: the reason for an expected verdict other than "holds"; "" for "holds".
    """

    says: str
    source: str
    metric: str
    compares: str
    relation: Relation
    by: float
    noise: bool
    ratio: bool
    scale: Scale
    trend: str | None
    boundary: Margin | None
    models: Statistic | None
    cases: tuple[Case, ...]
    expected: ExpectedVerdict
    reason: str


@dataclass(frozen=True)
class ClaimGrid:
    """Cells, generations and metrics to which claims refer.

    Attributes:
        cells: cells of the sweep.
        generations: T.
        measure: the generations to measure.
        columns: metric column -> its scale.
        search: the searches of the sweep, if it has any.
    """

    cells: Sequence[CellSettings]
    generations: int
    measure: Measure
    columns: Mapping[str, Scale]
    search: ThresholdSearch | None = None

    @property
    def measured(self) -> tuple[int, ...]:
        """Measured generations, in order."""
        return generations_measured(self.measure, self.generations)


class CrossingEntry(Settings):
    """A level and its side; exactly one is set."""

    above: float | None = None
    below: float | None = None


class ValueEntry(Settings):
    """A quantity as the file has it; exactly one key is set. ``claim_reader`` checks values of type ``Any``."""

    at: Any = None
    slope: Any = None
    crossing: CrossingEntry | None = None
    rho: Any = None
    threshold: str | None = None


class MinusEntry(Settings):
    """A second comparison as the file has it."""

    of: dict[str, Any]
    than: Any
    value: ValueEntry | None = None


class ExpectEntry(Settings):
    """The expected verdict with its reason as the file has it; exactly one key is set."""

    fails: str | None = Field(None, min_length=1)
    undecided: str | None = Field(None, min_length=1)


class ClaimEntry(Settings):
    """A claim as the file has it.

    ``claim_reader`` checks values of type ``Any``, with more precise messages.

    Attributes:
        says: the claim in words.
        source: its source, such as a section of a paper.
        metric: a column of a listed metric.
        value: the compared number; default: the metric at the last generation.
        of: the cells: axis: value, or axis: [values].
        than: the cells that they are compared with, or generation 0, control, theory, or a number.
        relation: above, below or within ``by``.
        by: bound of the ratio (log scale) or of the difference (linear scale), or a multiple of the control's noise.
        boundary: a level of the damage, or {noise: 5}; the claim then compares lambda*.
        models: mean, least or largest of the values of a cell's coupled models.
        minus: a second comparison that is subtracted from the first.
        trend: an axis; the claim then compares slopes over this axis.
        for_each: axes; one case per combination of their values.
        scale: log: ratios; linear: differences; default: the metric's scale.
        expect: the expected verdict with its reason, if the claim is not expected to hold.
    """

    says: str = Field(min_length=1)
    source: str = ""
    metric: str
    value: ValueEntry = ValueEntry(at="last")
    of: dict[str, Any]
    than: Any
    relation: Relation
    by: Any = None
    boundary: Any = None
    models: Statistic | None = None
    minus: MinusEntry | None = None
    trend: str | None = None
    for_each: tuple[str, ...] = ()
    scale: Scale | None = None
    expect: ExpectEntry | None = None
