"""Claims of a sweep file, judged by what its table holds.

Seeds are the unit: each seed gives one number (or one for each listed generation), and two cells of one seed are
compared by their difference, on a log scale by that of their logarithms, since they share their random numbers.
Numbers are judged by the interval of their mean over seeds: Student's t below 50 seeds, the BCa bootstrap from there,
a simultaneous band where several generations are listed; below 3 seeds not at all.

What is not a number is not left out, for the rest would be the survivors:

- A seed whose model diverged counts as no better than the worst of its cell that did not, and may be worse without
  limit, so that a cell with diverged seeds can be found worse, never better. An infinite value counts likewise on its
  side, as does 0 on a log scale. If all seeds of a cell diverged, it is infinitely worse.
- A metric that never crossed its level would do so after the last generation at the earliest, if at all.
- What was not run or measured makes a claim undecided, whatever the rest says of it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from raysc.planning.resolved import Line
from raysc.results.claims.metric_values import Readings, readings_of
from raysc.results.expectations import expected
from raysc.results.statistics.censored import Bounds, exactly, slope
from raysc.results.statistics.verdicts import (
    FEWEST,
    Judgement,
    Region,
    Verdict,
    above,
    below,
    conclusion,
    judge,
    verdicts,
    within,
)
from raysc.results.table.table import controls_of, metric_columns, varying_axes
from raysc.results.table.text import value_text
from raysc.sweepfile.claims import Case, Claim, Comparison, Value
from raysc.sweepfile.sweep import Sweep

Unit = Literal["ratio", "difference", "slope"]


@dataclass(frozen=True)
class JudgedCase:
    """One of the sentences that a claim is made of, with its figures; those of several generations are the worst one's.

    Attributes:
        where: the axes of ``for_each`` with their values.
        verdict: fails after Holm's correction over the claim's cases.
        value: mean over seeds: a ratio (geometric mean; of a theory of means the mean ratio), a difference or a slope;
            NaN where it is not known, or known from one side alone.
        low: lower limit of its interval; minus infinity if it has none.
        high: upper limit.
        level: of the interval: 0.9 for ``within``, else 0.95.
        p: 1 - the largest level at which the interval contradicts the sentence, after Holm's correction.
        slack: how far the interval is within what was said, on the scale of the judgement; negative where it is not;
            NaN where there is no interval.
        generation: which one, if several are listed.
        seeds: that were judged.
        why: what kept it from being judged; "" if nothing did.
        diverged: cell -> how many of its seeds.
    """

    where: Mapping[str, Any]
    verdict: Verdict
    value: float
    low: float
    high: float
    level: float
    p: float
    slack: float
    generation: int | None
    seeds: int
    why: str
    diverged: Mapping[int, int]


@dataclass(frozen=True)
class JudgedClaim:
    """A claim with its verdict.

    Attributes:
        claim: what was judged.
        unit: of the cases' values.
        verdict: holds if all cases hold, fails if one fails.
        cases: in the claim's order.
    """

    claim: Claim
    unit: Unit
    verdict: Verdict
    cases: tuple[JudgedCase, ...]

    @property
    def surprises(self) -> bool:
        """The verdict is the opposite of what the sweep file expects."""
        return self.verdict == ("holds" if self.claim.fails is not None else "fails")

    @property
    def decisive(self) -> tuple[JudgedCase, ...]:
        """The cases that keep it from holding; if it holds, the one that is nearest to not holding."""
        others = tuple(case for case in self.cases if case.verdict != "holds")
        return others or (min(self.cases, key=lambda case: case.slack),)


def judge_claims(sweep: Sweep, table: pd.DataFrame, lines: Sequence[Line]) -> list[JudgedClaim]:
    """Judge all claims of a sweep.

    Args:
        sweep: with its claims.
        table: from ``load_table``.
        lines: of the sweep, for what theory says of a cell.

    Returns:
        As many as there are claims, in their order.
    """
    columns = {column.name: column for column in metric_columns(sweep)}
    controls = controls_of(sweep.cells)
    benches = {
        metric: _Bench(sweep, readings_of(table, columns[metric], sweep.seeds), lines, controls)
        for metric in {claim.metric for claim in sweep.claims}
    }
    return [_judge(claim, benches[claim.metric]) for claim in sweep.claims]


class CannotJudge(Exception):
    """Why a case cannot be judged, whatever its seeds say."""


def _judge(claim: Claim, bench: "_Bench") -> JudgedClaim:
    figures = [_figures(claim, case, bench) for case in claim.cases]
    found = verdicts([one.judgement if not one.why else None for one in figures])
    cases = tuple(
        _told(case, one, verdict, p) for case, one, (verdict, p) in zip(claim.cases, figures, found, strict=True)
    )
    unit: Unit = "ratio" if claim.ratio else "difference"
    if claim.trend is not None or claim.cases[0].first.value.kind == "slope":
        unit = "slope"
    return JudgedClaim(claim, unit, conclusion([case.verdict for case in cases]), cases)


@dataclass(frozen=True)
class _Figures:
    """What the seeds of a case say, as far as it could be found out.

    Attributes:
        judgement: None if there is nothing to tell.
        why: the case cannot be judged; "" if it can.
        logarithms: the judgement is of logarithms of ratios.
        region: it was held against.
        seeds: that were judged.
        diverged: cell -> how many of its seeds.
    """

    judgement: Judgement | None
    why: str
    logarithms: bool
    region: Region
    seeds: int
    diverged: Mapping[int, int]


def _figures(claim: Claim, case: Case, bench: "_Bench") -> _Figures:
    logarithms = claim.ratio
    try:
        if case.first.than == "theory":
            values, logarithms = _against_theory(claim, case.first, bench)
        else:
            values = _compared(claim, case, case.first, bench)
        if case.minus is not None:
            values -= _compared(claim, case, case.minus, bench)
    except CannotJudge as reason:
        return _Figures(None, str(reason), logarithms, _region(claim, logarithms), 0, {})
    there, missing, diverged = bench.readings.seeds_of(_needed(case, bench))
    seeds, why = int(there.sum()), ""
    if missing:
        why = "missing: " + "; ".join(
            f"{bench.named(cell)}, {count} of {len(there)} seeds" for cell, count in missing.items()
        )
    elif seeds < FEWEST:
        why = f"{seeds} seed{'s' * (seeds > 1)}; at least {FEWEST} are needed"
    region = _region(claim, logarithms)
    judgement = judge(values.take(there), region) if seeds > 1 else None
    return _Figures(judgement, why, logarithms, region, seeds, diverged)


def _region(claim: Claim, logarithms: bool) -> Region:
    by = math.log(claim.by) if logarithms else claim.by
    if claim.relation == "within":
        return within(1 / by, by) if claim.ratio and not logarithms else within(-by, by)
    return above(by) if claim.relation == "above" else below(by)


def _told(case: Case, figures: _Figures, verdict: Verdict, p: float) -> JudgedCase:
    judgement = figures.judgement
    value = low = high = slack = math.nan
    generation = None
    if judgement is not None:
        told = [float(numbers[judgement.worst]) for numbers in (judgement.mean, judgement.low, judgement.high)]
        with np.errstate(over="ignore"):
            value, low, high = (float(np.exp(number)) for number in told) if figures.logarithms else told
        slack = judgement.slack
        generations = case.first.value.generations
        if case.first.value.kind == "at" and len(generations) > 1:
            generation = generations[judgement.worst]
    return JudgedCase(
        where=case.where,
        verdict=verdict,
        value=value,
        low=low,
        high=high,
        level=figures.region.level,
        p=p,
        slack=slack,
        generation=generation,
        seeds=figures.seeds,
        why=figures.why,
        diverged=figures.diverged,
    )


def _needed(case: Case, bench: "_Bench") -> list[tuple[int, tuple[int, ...]]]:
    """The cells of a case with the generations of each."""
    needed = []
    for comparison in [case.first, *([case.minus] if case.minus is not None else [])]:
        generations, than = comparison.value.generations, comparison.than
        needed += [(cell, generations) for cell in comparison.of]
        if than == "generation 0":
            needed += [(cell, (0,)) for cell in comparison.of]
        elif than == "control":
            needed += [(bench.control(cell), generations) for cell in comparison.of]
        elif isinstance(than, tuple):
            needed += [(cell, generations) for cell in than]
    return needed


def _compared(claim: Claim, case: Case, comparison: Comparison, bench: "_Bench") -> Bounds:
    """One number per seed (and listed generation), float64 (seeds, generations), positive where `of` is greater."""
    value, than = comparison.value, comparison.than
    terms = []
    for place, cell in enumerate(comparison.of):
        term = _value(claim, value, cell, bench)
        if isinstance(than, tuple):
            term -= _value(claim, value, than[place], bench)
        elif than == "control":
            term -= _value(claim, value, bench.control(cell), bench)
        elif than == "generation 0":
            term -= _value(claim, Value("at", (0,)), cell, bench)
        terms.append(term)
    axis = [math.log(position) for position in case.axis] if claim.scale == "log" else case.axis
    whole = slope(terms, axis) if axis else terms[0]
    if isinstance(than, float):
        number = np.array(math.log(than) if claim.ratio else than)
        whole -= Bounds(number, number)
    return whole


def _value(claim: Claim, value: Value, cell: int, bench: "_Bench") -> Bounds:
    """The claim's value of each seed of a cell, float64 (seeds, generations or 1); its logarithm on a log scale."""
    numbers = bench.readings.of(cell, value.generations)
    if value.kind == "crossing":
        fits = crossing(numbers, value, bench.readings.ended(cell))
        return Bounds(np.log(fits.low), np.log(fits.high)) if claim.scale == "log" else fits
    levels = exactly(_logarithms(claim, numbers) if claim.scale == "log" else numbers)
    if value.kind == "at":
        return levels
    return slope(
        [Bounds(levels.low[:, [t]], levels.high[:, [t]]) for t in range(levels.low.shape[1])], value.generations
    )


def crossing(numbers: np.ndarray, value: Value, ended: np.ndarray) -> Bounds:
    """How many models were fitted until a level was crossed, float64 (seeds, 1).

    Args:
        numbers: float64 (seeds, generations); infinite where diverged.
        value: its generations and level.
        ended: the generation at which ``loop.until`` ended the seed, float64 (seeds,), NaN where it did not: what is
            crossed at the next measured one was crossed then. With the level of ``until`` that is exact.
    """
    beyond = numbers <= value.level if value.side == "below" else numbers >= value.level
    fits = np.array([*(t + 1 for t in value.generations), value.generations[-1] + 2], float)
    never = len(value.generations)
    first = np.where(beyond.any(axis=1), beyond.argmax(axis=1), never)
    found = np.where(first < never, np.fmin(fits[first], ended + 1), fits[first])
    return Bounds(found[:, None], np.where(first < never, found, np.inf)[:, None])


def _logarithms(claim: Claim, numbers: np.ndarray) -> np.ndarray:
    if (numbers[np.isfinite(numbers)] < 0).any():
        raise CannotJudge(f"{claim.metric} has values below 0, which have no logarithm; set scale: linear")
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(numbers == -np.inf, -np.inf, np.log(np.abs(numbers)))


def _against_theory(claim: Claim, comparison: Comparison, bench: "_Bench") -> tuple[Bounds, bool]:
    """Values against what theory expects, float64 (seeds, generations), and whether they are logarithms of ratios.

    A theory of means is compared with means: of a ratio's logarithm the mean would be another thing.
    """
    (cell,), generations = comparison.of, comparison.value.generations
    numbers = bench.readings.of(cell, generations)
    if (bench.readings.ended(cell) < generations[-1]).any():
        raise CannotJudge(
            f"loop.until ended seeds of {bench.named(cell)} before generation {generations[-1]}, and theory knows "
            "nothing of that"
        )
    form = expected(bench.lines[cell], claim.metric, generations)
    if form is None:
        raise CannotJudge(f"no closed form of {claim.metric} is known for {bench.named(cell)}")
    if claim.scale == "log" and form.of == "logarithm":
        return exactly(_logarithms(claim, numbers) - form.values), claim.ratio
    if form.of == "logarithm":
        raise CannotJudge(f"the closed form of {claim.metric} is of its logarithm; set scale: log")
    if claim.scale == "log":
        if not (form.values > 0).all():
            raise CannotJudge(f"theory expects {claim.metric} to be 0, which allows no ratio; set scale: linear")
        return exactly(numbers / form.values), False
    return exactly(numbers - form.values), False


@dataclass(frozen=True)
class _Bench:
    """What a claim is judged from.

    Attributes:
        sweep: it belongs to.
        readings: values of its metric.
        lines: of the sweep.
        controls: cell -> its control.
    """

    sweep: Sweep
    readings: Readings
    lines: Sequence[Line]
    controls: Mapping[int, int]

    def control(self, cell: int) -> int:
        if cell not in self.controls:
            raise CannotJudge(f"{self.named(cell)} has no control")
        return self.controls[cell]

    def named(self, cell: int) -> str:
        """``cell 3 (replace, data.rows 10)``."""
        axes = self.sweep.cells[cell].axes
        told = [(name, axes[name]) for name in varying_axes(self.sweep.cells) if axes[name] is not None]
        texts = [str(value) if name == "regime" else f"{name} {value_text(value)}" for name, value in told]
        return f"cell {cell} ({', '.join(texts)})"
