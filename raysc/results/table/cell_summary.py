"""The cells of a sweep at one generation: numbers for analyses in Python, and HTML for notebooks."""

from base64 import b64encode
from html import escape

import pandas as pd

from raysc.errors import InputError
from raysc.formatting import printable
from raysc.planning.resolved import ResolvedSweep
from raysc.results.table.columns import columns_by_name, main_columns, metric_columns
from raysc.results.table.compact import compact_table
from raysc.results.table.groups import aggregate
from raysc.results.table.selection import last_generation
from raysc.results.table.table import controls_of, varying_axes
from raysc.sweepfile.sweep import Sweep

PARTS = ("mean", "low", "high")


def cell_summary(resolved: ResolvedSweep, table: pd.DataFrame, generation: int | None = None) -> pd.DataFrame:
    """Return the mean over seeds of each metric's first column for each cell, with its 95 % interval.

    Args:
        resolved: the sweep.
        table: from ``load_table``.
        generation: a measured generation; None: the last one of each cell.

    Returns:
        One row per cell with results: cell, the axes that vary, generation, seeds, diverged (number of seeds), and for
        each metric and the excess of the first one <name>_mean, _low and _high.

    Raises:
        InputError: there are no results of the generation.
    """
    rows, by = _rows(resolved, table, generation)
    names = _names(resolved.sweep)
    grouped = aggregate(rows, by, names, columns_by_name(metric_columns(resolved.sweep)))
    statistics = [f"{name}_{part}" for name in names for part in PARTS]
    return grouped[[*by, "seeds", "diverged", *statistics]]


def summary_html(resolved: ResolvedSweep, table: pd.DataFrame) -> str:
    """Return an HTML table of the cells at their last generation: ``mean [low, high]`` of each metric."""
    sweep = resolved.sweep
    rows, by = _rows(resolved, table, None)
    grouped = aggregate(rows, by, _names(sweep), columns_by_name(metric_columns(sweep)))
    texts = compact_table(grouped, rows, by, _names(sweep))
    texts.columns = pd.Index([printable(str(name)) for name in texts])
    title = f"{sweep.name}: mean [95 % interval] over seeds at the last generation of each cell"
    return f"<p>{escape(printable(title))}</p>\n{texts.to_html(index=False, border=0)}"


def notebook_html(resolved: ResolvedSweep, table: pd.DataFrame, png: bytes) -> str:
    """Return ``summary_html`` with a figure, bytes of a PNG, below it."""
    image = b64encode(png).decode()
    figure = f'<img alt="{escape(resolved.sweep.name)}" src="data:image/png;base64,{image}">'
    return f"{summary_html(resolved, table)}\n{figure}"


def _rows(resolved: ResolvedSweep, table: pd.DataFrame, generation: int | None) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows of one generation and the columns that tell cells apart."""
    sweep = resolved.sweep
    rows = last_generation(table) if generation is None else table[table["generation"] == generation]
    if rows.empty:
        raise InputError(f"generation {generation}: {sweep.name} has no results of it")
    return rows, ["cell", *varying_axes(sweep.cells), "generation"]


def _names(sweep: Sweep) -> list[str]:
    """Return the first column of each metric, with the first one's excess if cells have controls."""
    first, *further = [column.name for column in main_columns(sweep)]
    return [first, *([f"{first}_excess"] if controls_of(sweep.cells) else []), *further]
