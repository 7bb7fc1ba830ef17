"""Verdicts on the claims of a sweep file, from the sweep's table.

Each seed gives one number (or one for each listed generation); see ``paired_values``. They are judged by the interval
of their mean over seeds; see ``paired_interval``. Below 3 seeds nothing is judged. A margin in units of the control's
noise counts as a given number.

Seeds without a finite value are not left out, since the mean of the others would be biased:

- A diverged seed counts as at least as bad as the worst finite seed of its cell, without limit on that side. So a cell
  with diverged seeds can be judged worse, never better. An infinite value counts likewise on its side, as does 0 on a
  log scale. If all seeds of a cell diverged, the cell is infinitely worse.
- A metric that never crossed its level crosses it after the last generation at the earliest.
- A missing value makes a claim undecided, and so does a generation whose weights did not move although its learning
  rate was not 0: a model that never learned says nothing about the loop.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from raysc.planning.resolved import ResolvedSweep
from raysc.results.claims.metric_values import metric_values
from raysc.results.claims.paired_values import (
    ClaimContext,
    NotComparable,
    compare,
    compare_with_theory,
    control_noise,
    coverage_of,
)
from raysc.results.claims.threshold_values import ThresholdValues
from raysc.results.claims.verdicts import (
    MIN_SEEDS,
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
from raysc.results.table.columns import metric_columns
from raysc.results.table.table import controls_of
from raysc.results.thresholds.evidence import read_searches
from raysc.sweepfile.claims import Case, Claim, Margin

ClaimUnit = Literal["ratio", "difference", "slope", "rho", "lambda"]


@dataclass(frozen=True)
class JudgedCase:
    """One case of a claim with its figures; of several generations, those of the worst one.

    The field names are columns of claims.csv and keys of ``raysc claims --json``.

    Attributes:
        where: the axes of ``for_each`` with their values.
        verdict: "fails" after Holm's correction over the claim's cases.
        value: mean over seeds: a ratio (geometric mean; against a theory of means the mean ratio), a difference or a
            slope, rho or lambda*. NaN if it is not known, or censored.
        low: lower limit of its 95 % interval; minus infinity if it has none.
        high: upper limit of its interval; infinity if it has none.
        p_against: two-sided p value against the claim, after Holm's correction: 1 - the largest level at which the
            interval contradicts the claim. It is no evidence for a claim; ``low`` and ``high`` are.
        slack: distance of the interval from the limits that the claim sets, on the scale of the judgement; negative if
            the interval exceeds them; NaN if there is no interval.
        generation: the worst generation, if several are listed.
        seeds: number of seeds that were judged.
        why: reason for which the case is undecided; "" if there is none.
        diverged: cell -> number of its seeds that diverged.
        infinite: cell -> number of its other seeds with an infinite value, or with 0 on a log scale. They count as at
            least as far as the furthest finite seed, without limit on their side.
        by: the claim's bound, a factor or a difference; the multiple of the noise of the case's control, if the claim
            has such a bound; NaN if this noise is not known.
    """

    where: Mapping[str, Any]
    verdict: Verdict
    value: float
    low: float
    high: float
    p_against: float
    slack: float
    generation: int | None
    seeds: int
    why: str
    diverged: Mapping[int, int]
    infinite: Mapping[int, int] = field(default_factory=dict)
    by: float = math.nan


@dataclass(frozen=True)
class JudgedClaim:
    """A claim with its verdict.

    Attributes:
        claim: the claim.
        unit: unit of the cases' values.
        verdict: "holds" if all cases hold, "fails" if one fails.
        cases: the cases, in the claim's order.
    """

    claim: Claim
    unit: ClaimUnit
    verdict: Verdict
    cases: tuple[JudgedCase, ...]

    def unexpected(self, strict: bool) -> bool:
        """Return True if the verdict differs from the one that the sweep file expects.

        Args:
            strict: count an undecided claim that is expected to hold.
        """
        lenient = not strict and self.claim.expected == "holds" and self.verdict == "undecided"
        return self.verdict != self.claim.expected and not lenient

    @property
    def decisive(self) -> tuple[JudgedCase, ...]:
        """The cases that do not hold; if all hold, the one with the least slack."""
        not_holding = tuple(case for case in self.cases if case.verdict != "holds")
        return not_holding or (min(self.cases, key=lambda case: case.slack),)


def judge_claims(resolved: ResolvedSweep, table: pd.DataFrame) -> list[JudgedClaim]:
    """Judge all claims of a sweep, in their order.

    Args:
        resolved: the sweep, with its claims.
        table: from ``load_table``.
    """
    sweep = resolved.sweep
    columns = {column.name: column for column in metric_columns(sweep)}
    controls = controls_of(sweep.cells)
    thresholds = _threshold_values(resolved, table)
    contexts = {
        metric: ClaimContext(resolved, metric_values(table, columns[metric], sweep.seeds), controls, thresholds)
        for metric in {claim.metric for claim in sweep.claims}
    }
    return [_judge_claim(claim, contexts[claim.metric].of(claim)) for claim in sweep.claims]


def _threshold_values(resolved: ResolvedSweep, table: pd.DataFrame) -> ThresholdValues:
    """Return the thresholds of a sweep's searches; empty if no claim is about them."""
    sweep, search = resolved.sweep, resolved.sweep.search
    kinds = {case.first.value.kind for claim in sweep.claims for case in claim.cases}
    if search is None or "threshold" not in kinds:
        return ThresholdValues((), {}, sweep.seeds)
    cells = {search.cell(index, search.low): index for index in range(len(search.probes))}
    return ThresholdValues(read_searches(resolved, table), cells, sweep.seeds)


def _judge_claim(claim: Claim, context: ClaimContext) -> JudgedClaim:
    figures = [_figures(claim, case, context) for case in claim.cases]
    case_verdicts = verdicts([None if case_figures.why else case_figures.judgement for case_figures in figures])
    cases = tuple(
        _judged_case(case, case_figures, verdict, p)
        for case, case_figures, (verdict, p) in zip(claim.cases, figures, case_verdicts, strict=True)
    )
    return JudgedClaim(claim, _unit(claim), conclusion([case.verdict for case in cases]), cases)


def _unit(claim: Claim) -> ClaimUnit:
    kind = claim.cases[0].first.value.kind
    if claim.boundary is not None:
        return "lambda"
    if kind == "rho":
        return "rho"
    if claim.trend is not None or kind == "slope":
        return "slope"
    return "ratio" if claim.ratio else "difference"


@dataclass(frozen=True)
class _Figures:
    """Figures of a case before Holm's correction.

    Attributes:
        judgement: None for fewer than two seeds, or if the case is not comparable.
        why: reason for which the case cannot be judged; "" if it can.
        logarithms: True if the judgement is of logarithms of ratios.
        region: the region that the claim sets.
        seeds: number of seeds that were judged.
        diverged: cell -> number of its seeds that diverged.
        infinite: cell -> number of its other seeds with an infinite value, or with 0 on a log scale.
        by: the bound, of logarithms if ``logarithms``.
    """

    judgement: Judgement | None
    why: str
    logarithms: bool
    region: Region
    seeds: int
    diverged: Mapping[int, int]
    infinite: Mapping[int, int]
    by: float


def _figures(claim: Claim, case: Case, context: ClaimContext) -> _Figures:
    logarithms, noise = claim.ratio, math.nan
    try:
        if claim.noise or (claim.boundary is not None and claim.boundary.noise):
            noise = control_noise(claim, case, context)
        if case.first.than == "theory":
            values, logarithms = compare_with_theory(claim, case.first, context)
        else:
            level = _number(claim.boundary, noise)
            values = compare(claim, case, case.first, context, level)
            if case.minus is not None:
                values -= compare(claim, case, case.minus, context, level)
    except NotComparable as reason:
        by = _bound(claim, logarithms, noise)
        return _Figures(None, str(reason), logarithms, _region(claim, logarithms, by), 0, {}, {}, by)
    log_values = claim.scale == "log" and (logarithms or case.first.than != "theory")
    coverage = coverage_of(claim, case, context, log_values)
    # A crossing compares the values with a level: infinite ones and 0 are values as others.
    infinite = {} if case.first.value.kind == "crossing" else coverage.infinite
    seeds, why = int(coverage.complete.sum()), ""
    if coverage.missing:
        why = f"missing: {_seed_counts(coverage.missing, context)}"
    elif coverage.unmoved:
        why = f"weights did not move: {_seed_counts(coverage.unmoved, context)}"
    elif seeds < MIN_SEEDS:
        why = f"{seeds} seed{'s' * (seeds > 1)}; at least {MIN_SEEDS} are needed"
    by = _bound(claim, logarithms, noise)
    region = _region(claim, logarithms, by)
    judged_seeds = [seed for seed, known in zip(context.values.seeds, coverage.complete, strict=True) if known]
    judgement = judge(values.take(coverage.complete), region, judged_seeds) if seeds > 1 else None
    return _Figures(judgement, why, logarithms, region, seeds, coverage.diverged, infinite, by)


def _seed_counts(counts: Mapping[int, int], context: ClaimContext) -> str:
    total = len(context.values.seeds)
    return "; ".join(f"{context.cell_text(cell)}, {count} of {total} seeds" for cell, count in counts.items())


def _number(margin: Margin | None, noise: float) -> float:
    """Return the number of a margin; NaN without one."""
    if margin is None:
        return math.nan
    return margin.number * noise if margin.noise else margin.number


def _bound(claim: Claim, logarithms: bool, noise: float) -> float:
    """Return the bound of a case, of logarithms if these are judged."""
    if claim.noise:
        return claim.by * noise
    return math.log(claim.by) if logarithms else claim.by


def _region(claim: Claim, logarithms: bool, by: float) -> Region:
    if claim.relation == "within":
        return within(1 / by, by) if claim.ratio and not logarithms else within(-by, by)
    return above(by) if claim.relation == "above" else below(by)


def _judged_case(case: Case, figures: _Figures, verdict: Verdict, p: float) -> JudgedCase:
    """Return a case with its verdict and its figures, of ratios rather than their logarithms."""
    judgement = figures.judgement
    value = low = high = slack = math.nan
    generation = None
    if judgement is not None:
        worst = [float(limits[judgement.worst]) for limits in (judgement.mean, judgement.low, judgement.high)]
        with np.errstate(over="ignore"):
            value, low, high = (float(np.exp(number)) for number in worst) if figures.logarithms else worst
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
        p_against=p,
        slack=slack,
        generation=generation,
        seeds=figures.seeds,
        why=figures.why,
        diverged=figures.diverged,
        infinite=figures.infinite,
        by=math.exp(figures.by) if figures.logarithms else figures.by,
    )
