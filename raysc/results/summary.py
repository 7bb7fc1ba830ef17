"""The table by cell that is printed at the end of a sweep."""

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

from raysc.results.table import main_columns, varying_axes
from raysc.sweepfile.sweep import Sweep

MOST_METRICS = 3
"""Metrics that are shown, so that a line fits a screen."""


def summary(sweep: Sweep, table: pd.DataFrame) -> Table:
    """One line per cell: how far it came, and its metrics at its last generation.

    Args:
        sweep: what was asked.
        table: from ``load_table``.

    Returns:
        A rich table: the axes that vary, seeds that reached the last generation, mean ± standard deviation over seeds
        of the first column of each of the first metrics, the excess of the first one over the control, and how many
        seeds diverged, if any did. Cells without any result are there too.
    """
    columns = [column.name for column in main_columns(sweep)[:MOST_METRICS]]
    first = f"{columns[0]}_excess"
    last = last_generation(table)
    reached = last.groupby("cell")["generation"].first()
    same = reached.nunique() == 1 and len(reached) == len(sweep.cells)
    diverged = bool(len(last) and last["diverged"].any())
    axes = varying_axes(sweep.cells)
    shown = Table(title=_title(sweep, same, reached), title_justify="left", title_style="", box=box.SIMPLE_HEAD)
    shown.padding = (0, 1, 0, 0)
    shown.pad_edge = False
    for axis in axes:
        shown.add_column(Text(axis), justify="left" if axis == "regime" else "right", no_wrap=True)
    for name in ["seeds", *([] if same else ["generation"]), columns[0], "excess", *columns[1:]]:
        shown.add_column(Text(name), justify="right", no_wrap=True)
    if diverged:
        shown.add_column("diverged", justify="right", no_wrap=True)
    for number, cell in enumerate(sweep.cells):
        rows = last[last["cell"] == number]
        shown.add_row(
            *(value_text(cell.axes[axis]) for axis in axes),
            f"{len(rows)}/{len(sweep.seeds)}",
            *([] if same else [str(reached.get(number, "none"))]),
            spread(rows[columns[0]]),
            "control" if cell.control else spread(rows[first]),
            *(spread(rows[name]) for name in columns[1:]),
            *([str(int(rows["diverged"].sum()) or "")] if diverged else []),
        )
    return shown


def last_generation(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of each cell's last generation."""
    return table[table["generation"] == table.groupby("cell")["generation"].transform("max")]


def spread(values: pd.Series) -> str:
    """Mean ± standard deviation over seeds, to four digits of the mean; diverged seeds are left out."""
    finite = values.dropna()
    if finite.empty:
        return ""
    mean = number_text(finite.mean())
    if len(finite) == 1:
        return mean
    decimals = len(mean.partition(".")[2]) if "e" not in mean else None
    deviation = finite.std(ddof=1)
    return f"{mean} ± {deviation:.{decimals}f}" if decimals is not None else f"{mean} ± {deviation:.1e}"


def number_text(value: float) -> str:
    """Four digits, as 0.1234, 12.34, 1234 or 1.234e-05."""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e6 or size < 1e-3:
        return f"{value:.3e}"
    whole = len(str(int(size))) if size >= 1 else 0
    return f"{value:.{max(0, 4 - whole)}f}"


def value_text(value: object) -> str:
    """An axis' value; empty where the cell has none."""
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _title(sweep: Sweep, same: bool, reached: "pd.Series[int]") -> Text:
    seeds = f"mean ± sd over {len(sweep.seeds)} seeds" if len(sweep.seeds) > 1 else "one seed"
    at = f"generation {reached.iloc[0]} of {sweep.generations}" if same else "each cell's last generation"
    return Text(f"{sweep.name}: {at}, {seeds}", no_wrap=True)
