"""Text of judged claims, for the terminal and the report."""

import math
from collections import Counter
from collections.abc import Sequence

from raysc.formatting import printable
from raysc.results.claims.judging import JudgedCase, JudgedClaim
from raysc.results.table.number_format import number_text, value_text
from raysc.sweepfile.claims import Claim, Comparison

INDENT = " " * 11
"""Indent below a verdict: the width of the longest one and two spaces."""


def claim_text(judged: JudgedClaim, max_cases: int) -> str:
    """Return a claim with its verdict and figures, in a few lines.

    Args:
        judged: the claim.
        max_cases: number of decisive cases that are listed.
    """
    claim, cases = judged.claim, judged.cases
    source = f" ({claim.source})" if claim.source else ""
    lines = [f"{judged.verdict:11}{claim.says}{source}"]
    if claim.expected != "holds":
        verb = {"fails": "to fail", "undecided": "to be undecided"}[claim.expected]
        lines.append(f"{INDENT}expected {verb}: {claim.reason}")
    holding = sum(case.verdict == "holds" for case in cases)
    count = f"; {holding} of {len(cases)} cases hold" if len(cases) > 1 else ""
    lines.append(f"{INDENT}{comparison_text(judged)}{count}")
    decisive = judged.decisive
    lines += [f"{INDENT}{case_text(judged, case)}" for case in decisive[:max_cases]]
    if len(decisive) > max_cases:
        lines.append(f"{INDENT}and {len(decisive) - max_cases} more cases; see --json")
    return "\n".join(printable(line) for line in lines)


def verdict_counts(judged: Sequence[JudgedClaim]) -> str:
    """Return the number of claims of each verdict: ``1 hold, 0 fail, 1 undecided``."""
    counts = Counter(claim.verdict for claim in judged)
    return f"{counts['holds']} hold, {counts['fails']} fail, {counts['undecided']} undecided"


def comparison_text(judged: JudgedClaim) -> str:
    """Return the comparison: ``nll at generation 99, regime replace, than regime accumulate: difference below 0.5``."""
    claim = judged.claim
    factor = claim.ratio and not claim.noise
    within = f"within {number_text(1 / claim.by)} and" if factor and claim.relation == "within" else claim.relation
    sign = "±" if claim.relation == "within" and not factor else ""
    by = f"{number_text(claim.by)}{' times the noise of the control' * claim.noise}"
    quantity = _quantity_text(claim, claim.cases[0].first)
    return f"{quantity}, {claim.compares}: {_unit_text(judged)} {within} {sign}{by}"


def case_text(judged: JudgedClaim, case: JudgedCase) -> str:
    """Return a case with its figures: ``data.rows 10: 0.83, 95 % interval 0.71 to 0.94, 100 seeds; undecided``."""
    parts = []
    if not math.isnan(case.low):
        value = "" if math.isnan(case.value) else f"{number_text(case.value)}, "
        bound = f", bound {_limit(case.by)}" * judged.claim.noise
        interval = f"{value}95 % interval {_limit(case.low)} to {_limit(case.high)}"
        parts.append(f"{interval}{bound}, {case.seeds} seed{'s' * (case.seeds != 1)}")
    if case.generation is not None:
        parts[-1] += f", at generation {case.generation}"
    if case.diverged:
        parts.append(f"{sum(case.diverged.values())} diverged")
    if case.infinite:
        infinite = "at 0 or infinite" if judged.claim.scale == "log" else "infinite"
        parts.append(f"{sum(case.infinite.values())} {infinite}")
    if case.why:
        parts.append(case.why)
    where = ", ".join(f"{axis} {value_text(value)}" for axis, value in case.where.items())
    verdict = f" ({case.verdict})" if len(judged.cases) > 1 else ""
    return f"{where}{': ' if where else ''}{'; '.join(parts)}{verdict}"


def _quantity_text(claim: Claim, comparison: Comparison) -> str:
    if claim.boundary is not None:
        level = f"{number_text(claim.boundary.number)}{' times the noise of the control' * claim.boundary.noise}"
        return f"lambda at which {_value_text(claim, comparison)} reaches {level} above the control's"
    return _value_text(claim, comparison)


def _value_text(claim: Claim, comparison: Comparison) -> str:
    text = _of_model_text(claim, comparison)
    return text if claim.models is None else f"{claim.models} over the models of {text}"


def _of_model_text(claim: Claim, comparison: Comparison) -> str:
    quantity = comparison.value
    first, last = quantity.generations[0], quantity.generations[-1]
    if quantity.kind == "threshold":
        return "threshold of the search"
    if quantity.kind == "slope":
        return f"slope of {'log ' * (claim.scale == 'log')}{claim.metric} over generations {first} to {last}"
    if quantity.kind == "rho":
        return f"rho of {'log ' * (claim.scale == 'log')}{claim.metric} over generations {first} to {last}"
    if quantity.kind == "crossing":
        return f"fits until {claim.metric} is {quantity.side} {number_text(quantity.level)}"
    if first == last:
        return f"{claim.metric} at generation {last}"
    return f"{claim.metric} at {len(quantity.generations)} generations from {first} to {last}"


def _unit_text(judged: JudgedClaim) -> str:
    claim = judged.claim
    if claim.trend is not None:
        return f"slope over {'log ' * (claim.scale == 'log')}{claim.trend}"
    than = claim.cases[0].first.than
    neutral = isinstance(than, float) and than == (1 if claim.ratio else 0)
    return "value" if neutral and claim.cases[0].minus is None else judged.unit


def _limit(number: float) -> str:
    if math.isinf(number):
        return "infinity" if number > 0 else "-infinity"
    return number_text(number)
