"""The table by cell that is printed at the end of a sweep."""

from collections.abc import Sequence

import pandas as pd
from rich.table import Table

from raysc.results.selection import last_generation
from raysc.results.table import main_columns, varying_axes
from raysc.results.text import WIDTH, empty_table, spread_text, value_text, widest
from raysc.sweepfile.sweep import Sweep


def summary(sweep: Sweep, table: pd.DataFrame, width: int = WIDTH) -> Table:
    """One line per cell: how far it came, and its metrics at its last generation.

    Args:
        sweep: what was asked.
        table: from ``load_table``.
        width: columns of the screen; metrics that do not fit are left out.

    Returns:
        A rich table: the axes that vary, seeds that reached the cell's last generation, mean ± standard deviation over
        seeds of the first column of each metric, the excess of the first one over the control, and how many seeds
        diverged, if any did. Cells without any result are there too.
    """
    last = last_generation(table)
    reached = last.groupby("cell")["generation"].first()
    names = [column.name for column in main_columns(sweep)]

    def build(metrics: Sequence[str]) -> Table:
        return _build(sweep, last, reached, metrics)

    return widest(build, names, width)[0]


def _build(sweep: Sweep, last: pd.DataFrame, reached: "pd.Series[int]", metrics: Sequence[str]) -> Table:
    same = reached.nunique() == 1 and len(reached) == len(sweep.cells)
    diverged = bool(len(last) and last["diverged"].any())
    axes = varying_axes(sweep.cells)
    first, *others = metrics
    progress = ["seeds", *([] if same else ["generation"])]
    columns = [*axes, *progress, first, "excess", *others, *(["diverged"] if diverged else [])]
    shown = empty_table(_title(sweep, same, reached), columns)
    for number, cell in enumerate(sweep.cells):
        rows = last[last["cell"] == number]
        shown.add_row(
            *(value_text(cell.axes[axis]) for axis in axes),
            f"{len(rows)}/{len(sweep.seeds)}",
            *([] if same else [str(reached.get(number, "none"))]),
            spread_text(rows[first]),
            "control" if cell.control else spread_text(rows[f"{first}_excess"]),
            *(spread_text(rows[name]) for name in others),
            *([str(int(rows["diverged"].sum()) or "")] if diverged else []),
        )
    return shown


def _title(sweep: Sweep, same: bool, reached: "pd.Series[int]") -> str:
    seeds = f"mean ± sd over {len(sweep.seeds)} seeds" if len(sweep.seeds) > 1 else "one seed"
    at = f"generation {reached.iloc[0]} of {sweep.generations}" if same else "each cell's last generation"
    return f"{sweep.name}: {at}, {seeds}"
