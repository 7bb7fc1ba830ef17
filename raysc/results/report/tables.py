"""The tables of the page: headings, and cells that know their number beside their text."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from raysc.planning.resolved import Line
from raysc.results.claims.judging import JudgedClaim
from raysc.results.report.layout import is_control, label
from raysc.results.table.selection import last_generation
from raysc.results.table.stability import Stability
from raysc.results.table.table import main_columns, varying_axes
from raysc.results.table.text import interval_text, number_text, spread_text, value_text
from raysc.sweepfile.sweep import Sweep


@dataclass(frozen=True)
class Number:
    """A cell of a table.

    Attributes:
        value: to the last bit; None: it is no number.
        text: what is shown.
    """

    value: float | None
    text: str


@dataclass(frozen=True)
class Table:
    """Headings and rows; ``left``: headings of the columns of words."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Number]]
    left: frozenset[str]


def word(value: object) -> Number:
    """An axis value or a word."""
    return Number(None, value_text(value) if not isinstance(value, dict | list | tuple) else repr(value))


def number(value: float, text: str | None = None) -> Number:
    """A number to four digits, or as told; empty if it is not finite."""
    return Number(value, text or number_text(value)) if isfinite(value) else Number(None, "")


def last_table(sweep: Sweep, table: pd.DataFrame, found: Sequence[Stability]) -> Table:
    """A row per cell: mean and standard deviation of each metric at its last generation, and the excess of the first.

    Without controls there is no excess. Cells without results are there too.
    """
    axes = varying_axes(sweep.cells)
    last = last_generation(table)
    by_cell = {int(str(cell)): rows for cell, rows in last.groupby("cell")}
    by_stability = {one.cell: one for one in found}
    metrics = [column.name for column in main_columns(sweep)]
    rows = []
    for place, cell in enumerate(sweep.cells):
        own = by_cell.get(place, last.head(0))
        told = [word(cell.axes[axis]) for axis in axes]
        told.append(Number(len(own), f"{len(own)}/{len(sweep.seeds)}"))
        told.append(number(float(own["generation"].iloc[0])) if len(own) else Number(None, "none"))
        told += [spread(own[name]) for name in metrics]
        if found and place in by_stability:
            excess = by_stability[place].excess
            told.append(interval(excess.mean, excess.low, excess.high))
        elif found:
            told.append(Number(None, "control" if is_control(cell) else ""))
        told.append(Number(float(own["diverged"].sum()), str(int(own["diverged"].sum()) or "")))
        rows.append(told)
    columns = [*axes, "seeds", "generation", *metrics, *(["excess [95 %]"] if found else []), "diverged"]
    return Table(columns, rows, frozenset(axes))


def stability_table(found: Sequence[Stability], lines: Sequence[Line], ratio: bool) -> Table:
    """A row per cell: initial quality, excess, its slope, and the half-life where damage is a ratio."""
    axes = varying_axes([line.cell for line in lines])
    rows = []
    for one in found:
        life, low, high = one.half_life
        halves = "" if not isfinite(life) else "doubles in " if one.slope.mean > 0 else "halves in "
        told = [word(lines[one.cell].cell.axes[axis]) for axis in axes]
        told += [
            number(one.initial_quality),
            interval(one.excess.mean, one.excess.low, one.excess.high),
            interval(one.slope.mean, one.slope.low, one.slope.high),
        ]
        if ratio:
            text = f"{halves}{number_text(life, 3)} [{number_text(low, 3)}, {number_text(high, 3)}]" if halves else ""
            told.append(Number(life if halves else None, text))
        told.append(Number(one.excess.seeds, str(one.excess.seeds)))
        rows.append(told)
    last = ["half-life, generations [95 %]"] if ratio else []
    columns = [*axes, "initial quality", "excess [95 %]", "slope per generation [95 %]", *last, "seeds"]
    return Table(columns, rows, frozenset(axes))


def spread(values: pd.Series) -> Number:
    """``7.41 ± 0.50``: mean and standard deviation over seeds; what is not finite is left out."""
    finite = values[np.isfinite(values.to_numpy(float))]
    return Number(float(finite.mean()), spread_text(finite)) if len(finite) else Number(None, "")


def interval(mean: float, low: float, high: float) -> Number:
    """``0.28 [0.21, 0.35]``; the mean alone where there is no interval."""
    return Number(mean, interval_text(mean, low, high)) if isfinite(mean) else Number(None, "")


CASE_COLUMNS = (
    "claim",
    "says",
    "where",
    "verdict",
    "value",
    "low",
    "high",
    "level",
    "unit",
    "p",
    "generation",
    "seeds",
    "why",
)


def claims_frame(judged: Sequence[JudgedClaim]) -> pd.DataFrame:
    """A row for each case of each claim, for the CSV."""
    rows: list[dict[str, Any]] = []
    for place, claim in enumerate(judged):
        for case in claim.cases:
            where = label(list(case.where), list(case.where.values()))
            told = {"claim": place, "says": claim.claim.says, "where": where, "unit": claim.unit}
            figures = ("verdict", "value", "low", "high", "level", "p", "generation", "seeds", "why")
            rows.append(told | {name: getattr(case, name) for name in figures})
    return pd.DataFrame(rows, columns=list(CASE_COLUMNS))
