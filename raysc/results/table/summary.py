"""The table by cell that is printed at the end of a sweep."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
from rich.table import Table

from raysc.results.table.selection import last_generation
from raysc.results.table.table import controls_of, main_columns, varying_axes
from raysc.results.table.text import WIDTH, empty_table, quantiles_text, spread_text, value_text, widest
from raysc.sweepfile.sweep import Sweep


@dataclass(frozen=True)
class _Shown:
    """A column of numbers.

    Attributes:
        heading: above it.
        column: of the tidy table.
        text: of a cell's seeds.
    """

    heading: str
    column: str
    text: Callable[["pd.Series[float]"], str]


def summary(sweep: Sweep, table: pd.DataFrame, width: int = WIDTH) -> Table:
    """One line per cell: how far it came, and its metrics at its last generation.

    Args:
        sweep: what was asked.
        table: from ``load_table``.
        width: columns of the screen; what does not fit is left out, from the right.

    Returns:
        A rich table: the axes that vary, seeds that reached the cell's last generation, how many diverged, if any did;
        then of the first column of the first metric mean ± standard deviation over seeds, median and quantiles, and
        the excess over the control; then the same two of the other metrics. One seed has no quantiles. Cells without
        any result are there too.
    """
    last = last_generation(table)
    reached = last.groupby("cell")["generation"].first()
    shown = _columns(sweep)
    by_cell = dict(list(last.groupby("cell")))
    texts = [
        [one.text(by_cell.get(number, last.head(0))[one.column]) for one in shown] for number in range(len(sweep.cells))
    ]

    def build(headings: Sequence[str]) -> Table:
        return _build(sweep, last, reached, headings, [own[: len(headings)] for own in texts])

    return widest(build, [one.heading for one in shown], width)[0]


def _columns(sweep: Sweep) -> list[_Shown]:
    first, *others = (column.name for column in main_columns(sweep))
    several, compared = len(sweep.seeds) > 1, bool(controls_of(sweep.cells))
    means = [_Shown(name, name, spread_text) for name in (first, *others)]
    medians = [_Shown("median [5, 95 %]", name, quantiles_text) for name in (first, *others)]
    excess = [_Shown("excess", f"{first}_excess", spread_text)]
    return [
        *means[:1],
        *(medians[:1] if several else []),
        *(excess if compared else []),
        *(column for pair in zip(means[1:], medians[1:], strict=True) for column in pair[: 1 + several]),
    ]


def _build(
    sweep: Sweep,
    last: pd.DataFrame,
    reached: "pd.Series[int]",
    headings: Sequence[str],
    texts: Sequence[Sequence[str]],
) -> Table:
    same = reached.nunique() == 1 and len(reached) == len(sweep.cells)
    diverged = bool(len(last) and last["diverged"].any())
    axes = varying_axes(sweep.cells)
    progress = ["seeds", *([] if same else ["generation"]), *(["diverged"] if diverged else [])]
    built = empty_table(_title(sweep, same, reached), [*axes, *progress, *headings])
    seeds, lost = last.groupby("cell").size(), last.groupby("cell")["diverged"].sum()
    for number, (cell, own) in enumerate(zip(sweep.cells, texts, strict=True)):
        built.add_row(
            *(value_text(cell.axes[axis]) for axis in axes),
            f"{seeds.get(number, 0)}/{len(sweep.seeds)}",
            *([] if same else [str(reached.get(number, "none"))]),
            *([str(int(lost.get(number, 0)) or "")] if diverged else []),
            *(
                "control" if cell.control and heading == "excess" else text
                for heading, text in zip(headings, own, strict=True)
            ),
        )
    return built


def _title(sweep: Sweep, same: bool, reached: "pd.Series[int]") -> str:
    seeds = f"mean ± sd over {len(sweep.seeds)} seeds" if len(sweep.seeds) > 1 else "one seed"
    at = f"generation {reached.iloc[0]} of {sweep.generations}" if same else "each cell's last generation"
    return f"{sweep.name}: {at}, {seeds}"
