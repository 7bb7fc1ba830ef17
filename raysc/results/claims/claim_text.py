"""Judged claims in words."""

import math
from collections import Counter
from collections.abc import Sequence

from raysc.results.claims.judging import JudgedCase, JudgedClaim
from raysc.results.table.text import number_text, value_text
from raysc.sweepfile.claims import Claim, Comparison

INDENT = " " * 11
"""As wide as the longest verdict and two spaces."""


def judged_text(judged: JudgedClaim, most: int) -> str:
    """A claim with its verdict and figures, a few lines.

    Args:
        judged: the claim.
        most: cases that are listed. Of a claim that holds it is the tightest one, else those that do not hold.
    """
    claim, cases = judged.claim, judged.cases
    source = f" ({claim.source})" if claim.source else ""
    lines = [f"{judged.verdict:11}{claim.says}{source}"]
    if claim.fails is not None:
        lines.append(f"{INDENT}expected to fail: {claim.fails}")
    holding = sum(case.verdict == "holds" for case in cases)
    count = f"; {holding} of {len(cases)} cases hold" if len(cases) > 1 else ""
    lines.append(f"{INDENT}{asked_text(judged)}{count}")
    decisive = judged.decisive
    lines += [f"{INDENT}{case_text(judged, case)}" for case in decisive[:most]]
    if len(decisive) > most:
        lines.append(f"{INDENT}and {len(decisive) - most} more cases; see --json")
    return "\n".join(lines)


def tally(judged: Sequence[JudgedClaim]) -> str:
    """How many claims there are of each verdict."""
    counts = Counter(one.verdict for one in judged)
    return f"{counts['holds']} hold, {counts['fails']} fail, {counts['undecided']} undecided"


def asked_text(judged: JudgedClaim) -> str:
    """What is compared: ``trace_ratio at generation 99, regime replace, than regime accumulate: ratio below 0.5``."""
    claim = judged.claim
    within = f"within {number_text(1 / claim.by)} and" if claim.ratio and claim.relation == "within" else claim.relation
    sign = "±" if claim.relation == "within" and not claim.ratio else ""
    value = _value_text(claim, claim.cases[0].first)
    return f"{value}, {claim.compares}: {_unit_text(judged)} {within} {sign}{number_text(claim.by)}"


def case_text(judged: JudgedClaim, case: JudgedCase) -> str:
    """One case with its figures: ``data.rows 10: 0.83, 95 % interval 0.71 to 0.94, 100 seeds; undecided``."""
    parts = []
    if not math.isnan(case.low):
        value = "" if math.isnan(case.value) else f"{number_text(case.value)}, "
        interval = f"{value}{100 * case.level:.0f} % interval {_limit(case.low)} to {_limit(case.high)}"
        parts.append(f"{interval}, {case.seeds} seed{'s' * (case.seeds != 1)}")
    if case.generation is not None:
        parts[-1] += f", at generation {case.generation}"
    if case.diverged:
        parts.append(f"{sum(case.diverged.values())} diverged")
    if case.why:
        parts.append(case.why)
    where = ", ".join(f"{axis} {value_text(value)}" for axis, value in case.where.items())
    verdict = f" ({case.verdict})" if len(judged.cases) > 1 else ""
    return f"{where}{': ' if where else ''}{'; '.join(parts)}{verdict}"


def _value_text(claim: Claim, comparison: Comparison) -> str:
    value = comparison.value
    first, last = value.generations[0], value.generations[-1]
    if value.kind == "slope":
        return f"slope of {'log ' * (claim.scale == 'log')}{claim.metric} over generations {first} to {last}"
    if value.kind == "crossing":
        return f"fits until {claim.metric} is {value.side} {number_text(value.level)}"
    if first == last:
        return f"{claim.metric} at generation {last}"
    return f"{claim.metric} at {len(value.generations)} generations from {first} to {last}"


def _unit_text(judged: JudgedClaim) -> str:
    claim = judged.claim
    if claim.trend is not None:
        return f"slope over {'log ' * (claim.scale == 'log')}{claim.trend}"
    than = claim.cases[0].first.than
    number = isinstance(than, float) and than == (1 if claim.ratio else 0)
    return "value" if number and claim.cases[0].minus is None else judged.unit


def _limit(number: float) -> str:
    if math.isinf(number):
        return "infinity" if number > 0 else "-infinity"
    return number_text(number)
