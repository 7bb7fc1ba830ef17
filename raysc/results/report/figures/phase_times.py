"""Wall time of each cell by phase: fit, sample, measure, store, and the wait for resources."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from raysc.formatting import clock
from raysc.planning.resolved import ResolvedCell
from raysc.results.plots.labels import cell_label, shorten, wrap
from raysc.results.plots.style import COLOURS, style
from raysc.results.report.figures.rendering import ReportFigure, render
from raysc.results.table.columns import PHASES

MAX_BARS = 25
LABEL_CHARACTERS = 32
"""Characters in a line of the labels beside the bars: half of a narrow screen."""
HATCHES = ("", "//", "..", "xx", "")
"""Hatch of each phase, in the order of the bars."""


def phase_times_figure(table: pd.DataFrame, cells: Sequence[ResolvedCell]) -> ReportFigure | None:
    """Return the figure of the time by phase, with one bar for each of the cells that took longest.

    Args:
        table: the tidy table, not empty.
        cells: of the sweep.

    Returns:
        The figure, or None if no time was recorded.
    """
    phases = [phase for phase in (*PHASES[1:], PHASES[0]) if f"seconds_{phase}" in table]  # the wait comes last
    distinct = table.drop_duplicates(["lineage", "seed", "generation"])  # cells may share a generation 0
    seconds = distinct.groupby("cell")[[f"seconds_{phase}" for phase in phases]].sum()
    total = seconds.sum(axis=1).sort_values(ascending=False)
    if not phases or not total.sum() > 0:
        return None
    shown = sorted(total.index[:MAX_BARS])
    labels = [wrap(shorten(cell_label(cells[number])), LABEL_CHARACTERS) for number in shown]
    sums = ", ".join(f"{phase} {_duration(seconds[f'seconds_{phase}'].sum())}" for phase in phases)
    left_out = (
        f" The figure shows the {len(shown)} of {len(total)} cells that took longest."
        if len(shown) < len(total)
        else ""
    )
    with style("time"):
        height = 1.3 + 0.12 * len(shown) + 0.13 * sum(text.count("\n") + 1 for text in labels)
        figure = Figure(figsize=(6.2, height), layout="constrained")
        ax = figure.subplots()
        _draw_bars(ax, seconds.loc[shown], phases, labels)
        figure.legend(ncols=3, loc="outside upper left", frameon=False)
        return render(
            figure, "time", "Time by phase",
            f"Wall time of units, divided equally among their seeds. Total: {sums}. A generation 0 that several cells "
            f"share is counted once, for the first of them.{left_out}",
            f"Stacked bars of the time by phase of {len(shown)} cells. Total: {sums}.",
            seconds.reset_index(),
        )  # fmt: skip


def _draw_bars(ax: Axes, seconds: pd.DataFrame, phases: Sequence[str], labels: Sequence[str]) -> None:
    """Draw one stacked bar per row of ``seconds``."""
    longest = seconds.sum(axis=1).max()
    unit, size = ("hours", 3600.0) if longest > 7200 else ("minutes", 60.0) if longest > 120 else ("seconds", 1.0)
    left, positions = np.zeros(len(seconds)), np.arange(len(seconds))
    for index, phase in enumerate(phases):
        width = seconds[f"seconds_{phase}"].to_numpy(float) / size
        colour, text = ("0.8", "wait for resources") if phase == "wait" else (COLOURS[index], phase)
        ax.barh(positions, width, left=left, color=colour, hatch=HATCHES[index], edgecolor="white", lw=0.3, label=text)
        left += width
    ax.set_yticks(positions, labels)
    ax.set_ylim(len(seconds) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(f"{unit}, summed over generations and seeds")


def _duration(seconds: float) -> str:
    """Return a duration as ``clock`` formats it, below a minute with three digits."""
    return f"{seconds:.3g} s" if seconds < 60 else clock(seconds)
