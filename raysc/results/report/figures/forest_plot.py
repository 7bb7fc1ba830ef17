"""Forest plot of the claims: for each one the estimate and interval of its decisive case, beside the claimed region."""

import math
from collections.abc import Sequence
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from raysc.formatting import is_number, printable
from raysc.results.claims.judging import JudgedCase, JudgedClaim
from raysc.results.plots.style import style
from raysc.results.report.figures.rendering import ReportFigure, render
from raysc.results.table.number_format import interval_text, number_text, value_text

MAX_CLAIMS = 40
"""Claims in the figure; the table has all."""
WIDTH = 4.7
"""Width of the figure in inches; a narrow screen can show all of it."""
LINE_CHARACTERS = 62
"""Characters of a line above an interval: the width of the figure."""
COLOURS = {"holds": "#009E73", "fails": "#D55E00", "undecided": "0.35"}
MARKERS = {"holds": "o", "fails": "X", "undecided": "s"}
REGION = "0.88"
"""Grey of the claimed region."""


def forest_plot(claims: Sequence[JudgedClaim]) -> ReportFigure | None:
    """Return the figure of the claims that have an interval; None without one.

    Each claim shows its case with the least slack among those that do not hold, or among all if all hold. Claims have
    different units, so each has a scale of its own, on which the bound of the claim is at the same place.

    Args:
        claims: the judged claims, in the order of the file.
    """
    judged = [(claim, case) for claim in claims if not math.isnan((case := decisive_case(claim)).low)]
    shown = judged[:MAX_CLAIMS]
    if not shown:
        return None
    texts = [
        f"{fill(_shown(claim.claim.says), LINE_CHARACTERS)}\n{estimate_text(claim, case)}" for claim, case in shown
    ]
    heights = [0.145 * (text.count("\n") + 1) + 0.42 for text in texts]
    with style("claims"):
        figure = Figure(figsize=(WIDTH, sum(heights) + 0.1))
        ax = figure.add_axes((0.01, 0.0, 0.98, 1.0))
        ax.set_axis_off()
        ax.set_xlim(-1.02, 1.02)
        ax.set_ylim(sum(heights) + 0.1, 0)
        top = 0.0
        for (claim, case), text, height in zip(shown, texts, heights, strict=True):
            ax.text(-1, top + 0.04, text, va="top", fontsize=8, linespacing=1.15)
            _draw_interval(ax, claim, case, top + height - 0.25)
            top += height
        left_out = f" The first {len(shown)} of {len(judged)} claims." if len(shown) < len(judged) else ""
        return render(
            figure, "claims-forest", "Estimates and claimed regions",
            "Symbol and line: estimate and confidence interval of the case that decides the claim. Circle: it holds, "
            "cross: it fails, square: undecided. Grey: the claimed region; the vertical line is its bound. Each claim "
            "has a scale of its own, logarithmic for ratios."
            f"{left_out}",
            f"Estimates with intervals of {len(shown)} claims beside the claimed regions.",
            _numbers(judged),
        )  # fmt: skip


def decisive_case(claim: JudgedClaim) -> JudgedCase:
    """Return the case that decides a claim: of those that do not hold, or of all, the one with the least slack."""
    return min(claim.decisive, key=lambda case: math.inf if math.isnan(case.slack) else case.slack)


def estimate_text(claim: JudgedClaim, case: JudgedCase) -> str:
    """Return ``error: replace / control = 9.8 [7.5, 12.9], must exceed 3``, with the axes of the case in front."""
    where = ", ".join(f"{axis} {value_text(value)}" for axis, value in case.where.items())
    estimate = interval_text(case.value, case.low, case.high) or f"[{_limit(case.low)}, {_limit(case.high)}]"
    unbroken, bound = (part.replace(" ", "\N{NO-BREAK SPACE}") for part in (estimate, _requirement(claim, case)))
    text = f"{claim.claim.metric}: {_quantity(claim)} = {unbroken}, {bound}"
    text = fill(printable(f"{where}: {text}" if where else text), LINE_CHARACTERS)
    return text.replace("\N{NO-BREAK SPACE}", " ")


def _quantity(claim: JudgedClaim) -> str:
    """Return the compared sides, ``replace / control``, or the unit where a claim compares no two sides."""
    sides = claim.claim.compares.replace("regime ", "")
    of, _, than = sides.partition(", than ")
    if claim.unit in ("ratio", "difference") and than and ", minus " not in than and not is_number(than):
        return f"{of} {'/' if claim.unit == 'ratio' else '-'} {than}"
    return f"{claim.unit} of {of}" if ", minus " not in than else f"{claim.unit} ({sides})"


def _requirement(claim: JudgedClaim, case: JudgedCase) -> str:
    """Return ``must exceed 3``, ``must stay below 0.5`` or ``must lie within 0.8 and 1.25``."""
    if math.isnan(case.by):
        return "of unknown bound"
    bound = number_text(case.by, 3)
    if claim.claim.relation == "within":
        return (
            f"must lie within {number_text(1 / case.by, 3)} and {bound}"
            if claim.claim.ratio
            else (f"must lie within -{bound} and {bound}")
        )
    return f"must {'exceed' if claim.claim.relation == 'above' else 'stay below'} {bound}"


def _draw_interval(ax: Axes, claim: JudgedClaim, case: JudgedCase, y: float) -> None:
    """Draw the claimed region, the interval and the estimate of a claim, at a height from the top in inches."""
    numbers = _positions(claim, case)
    if numbers is None:
        return
    value, low, high, region_low, region_high = numbers
    for bound in (region_low, region_high):
        if abs(bound) < 1:
            ax.plot([bound, bound], [y - 0.09, y + 0.09], color="0.3", lw=0.8)
    ax.fill_between([region_low, region_high], y - 0.07, y + 0.07, color=REGION, lw=0)
    colour = COLOURS[case.verdict]
    ax.plot([low, high], [y, y], color=colour, lw=1.8, solid_capstyle="butt")
    ax.plot([value], [y], color=colour, marker=MARKERS[case.verdict], ms=6, clip_on=False)


def _positions(claim: JudgedClaim, case: JudgedCase) -> tuple[float, float, float, float, float] | None:
    """Return value, low and high and the region's ends on a scale from -1 to 1; None if the bound is not known.

    One bound is at 0, two are at -0.5 and 0.5. What lies outside is drawn at the edge.
    """
    is_log = claim.claim.ratio
    with np.errstate(divide="ignore", invalid="ignore"):
        raw = np.array([case.value, case.low, case.high, case.by], float)
        value, low, high, by = np.log(raw) if is_log else raw
    if math.isnan(by):
        return None
    if claim.claim.relation == "within":
        scale, centre, ends = 2 * abs(by) or 1.0, 0.0, (-0.5, 0.5)
    else:
        finite = [abs(number - by) for number in (value, low, high) if math.isfinite(number)]
        scale, centre = 1.1 * max(finite, default=1.0) or 1.0, by
        ends = (0.0, 1.0) if claim.claim.relation == "above" else (-1.0, 0.0)
    placed = np.clip((np.array([value, low, high]) - centre) / scale, -1, 1)
    return float(placed[0]), float(placed[1]), float(placed[2]), *ends


def _numbers(judged: Sequence[tuple[JudgedClaim, JudgedCase]]) -> pd.DataFrame:
    """Tabulate what the figure shows, one row per claim."""
    return pd.DataFrame(
        [
            {
                "says": claim.claim.says,
                "where": ", ".join(f"{axis} {value_text(value)}" for axis, value in case.where.items()),
                "verdict": case.verdict,
                "value": case.value,
                "low": case.low,
                "high": case.high,
                "unit": claim.unit,
                "relation": claim.claim.relation,
                "bound": case.by,
            }
            for claim, case in judged
        ]
    )


def _limit(number: float) -> str:
    return ("infinity" if number > 0 else "-infinity") if math.isinf(number) else number_text(number, 3)


def _shown(text: str) -> str:
    return printable(" ".join(text.split()))
