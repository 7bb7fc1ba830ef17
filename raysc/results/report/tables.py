"""Tables of the page: headings, and entries with a number behind their text."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, isnan
from typing import Any

import pandas as pd

from raysc.planning.resolved import ResolvedCell
from raysc.results.claims.judging import JudgedClaim
from raysc.results.plots.labels import label
from raysc.results.report.figures.panel_layout import is_control
from raysc.results.statistics.averages import Mean, seed_mean
from raysc.results.table.columns import main_columns
from raysc.results.table.number_format import mean_text, number_text, value_text
from raysc.results.table.selection import last_generation
from raysc.results.table.stability import Stability
from raysc.results.table.table import varying_axes
from raysc.sweepfile.sweep import Sweep


@dataclass(frozen=True)
class TableEntry:
    """One entry of a table.

    Attributes:
        value: the number in full precision; None for text.
        text: the text on the page.
    """

    value: float | None
    text: str


@dataclass(frozen=True)
class Table:
    """A table of the page.

    Attributes:
        columns: headings.
        rows: one entry per column.
        left: headings of the columns with text, which are aligned left.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[TableEntry]]
    left: frozenset[str]


def text_entry(value: object) -> TableEntry:
    """Return the entry of an axis value."""
    return TableEntry(None, value_text(value) if not isinstance(value, dict | list | tuple) else repr(value))


def number_entry(value: float, text: str | None = None) -> TableEntry:
    """Return the entry of a number: four digits or ``text``; empty for NaN."""
    return TableEntry(None, "") if isnan(value) else TableEntry(value, text or number_text(value))


def interval_entry(mean: Mean, seeds: int) -> TableEntry:
    """Return ``0.28 [0.21, 0.35] (9 of 10)``, or the mean only if there is no interval; empty if there is no mean.

    Args:
        mean: mean over the seeds that have a value.
        seeds: number of all seeds with results.
    """
    return TableEntry(None if isnan(mean.mean) else mean.mean, mean_text(mean, seeds))


def last_generation_table(sweep: Sweep, table: pd.DataFrame, stabilities: Sequence[Stability]) -> Table:
    """Return one row per cell: each metric at the cell's last generation, and the excess over the control.

    Metrics have their mean over seeds with its 95 % interval. The column of the excess is left out if no cell has one,
    that of diverged seeds if none diverged. Cells without results have a row too.

    Args:
        sweep: the sweep.
        table: the tidy table.
        stabilities: from ``cell_stabilities``.
    """
    axes = varying_axes(sweep.cells)
    last = last_generation(table)
    by_cell = {int(str(number)): rows for number, rows in last.groupby("cell")}
    excesses = {stability.number: stability.excess for stability in stabilities}
    metrics = main_columns(sweep)
    any_diverged = bool(len(last) and last["diverged"].any())
    rows = []
    for number, cell in enumerate(sweep.cells):
        results = by_cell.get(number, last.head(0))
        row = [text_entry(cell.axes[axis]) for axis in axes]
        row.append(TableEntry(len(results), f"{len(results)}/{len(sweep.seeds_of(number))}"))
        row.append(number_entry(float(results["generation"].iloc[0])) if len(results) else TableEntry(None, "none"))
        row += [
            interval_entry(
                seed_mean(results[column.name].to_numpy(float), column.geometric, column.bounds, results["seed"]),
                len(results),
            )
            for column in metrics
        ]
        if stabilities and number in excesses:
            row.append(interval_entry(excesses[number], len(results)))
        elif stabilities:
            row.append(TableEntry(None, "control" if is_control(cell) else ""))
        if any_diverged:
            diverged = int(results["diverged"].sum())
            row.append(TableEntry(float(diverged), str(diverged or "")))
        rows.append(row)
    columns = [
        *axes,
        "seeds",
        "generation",
        *(column.name for column in metrics),
        *(["excess [95 %]"] if stabilities else []),
        *(["diverged"] if any_diverged else []),
    ]
    return Table(columns, rows, frozenset(axes))


def stability_table(stabilities: Sequence[Stability], cells: Sequence[ResolvedCell], ratio: bool) -> Table:
    """Return one row per cell: initial quality, excess and slope, and the half-life if ``ratio``.

    Args:
        stabilities: from ``cell_stabilities``.
        cells: of the sweep.
        ratio: the excess is a log ratio to the control, not a difference.
    """
    axes = varying_axes([cell.settings for cell in cells])
    rows = []
    for stability in stabilities:
        row = [text_entry(cells[stability.number].settings.axes[axis]) for axis in axes]
        row += [
            number_entry(stability.initial_quality),
            interval_entry(stability.excess, stability.seeds),
            interval_entry(stability.slope, stability.seeds),
        ]
        if ratio:
            row.append(_half_life_entry(stability))
        row.append(TableEntry(stability.excess.seeds, str(stability.excess.seeds)))
        rows.append(row)
    half_life = ["doubling time, generations [95 %]"] if ratio else []
    columns = [*axes, "initial quality", "excess [95 %]", "slope per generation [95 %]", *half_life, "seeds"]
    return Table(columns, rows, frozenset(axes))


def _half_life_entry(stability: Stability) -> TableEntry:
    """Return ``doubles in 3.1 [2.5, 4]``; empty if the interval of the slope contains 0."""
    half_life, low, high = stability.half_life
    if not isfinite(half_life):
        return TableEntry(None, "")
    verb = "doubles in" if stability.slope.mean > 0 else "halves in"
    return TableEntry(half_life, f"{verb} {number_text(half_life, 3)} [{number_text(low, 3)}, {number_text(high, 3)}]")


CASE_FIELDS = ("verdict", "value", "low", "high", "p_against", "generation", "seeds", "why")
"""Fields of a judged case that are columns of claims.csv."""
CLAIM_COLUMNS = (
    "claim", "says", "where", "verdict", "value", "low", "high", "unit", "p_against", "generation", "seeds",
    "why",
)  # fmt: skip
"""Columns of claims.csv, in order."""


def claims_frame(judged: Sequence[JudgedClaim]) -> pd.DataFrame:
    """Tabulate each case of each claim, for claims.csv."""
    rows: list[dict[str, Any]] = []
    for number, claim in enumerate(judged):
        for case in claim.cases:
            where = label(list(case.where), list(case.where.values()))
            row = {"claim": number, "says": claim.claim.says, "where": where, "unit": claim.unit}
            rows.append(row | {name: getattr(case, name) for name in CASE_FIELDS})
    return pd.DataFrame(rows, columns=list(CLAIM_COLUMNS))
