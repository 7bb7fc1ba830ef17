"""Curves of a sweep's first metric over generations: the PNG that ``raysc sweep`` writes at its end."""

import io
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from raysc.metrics.core.metric import Column
from raysc.results.plots.labels import label
from raysc.results.plots.style import COLOURS, CONTROL, DASHES, MARKERS, set_log_axis, style
from raysc.results.statistics.averages import seed_means
from raysc.results.table.table import main_columns, varying_axes
from raysc.sweepfile.sweep import Sweep

DEFAULT_COLUMNS = 3
"""Panels in a row."""
MAX_COLUMNS = 6
"""Panels in a row where a row holds all values of the last axis."""

Group = tuple[tuple[Any, ...], pd.DataFrame]
"""Values of some axes, and the rows of the table that have them."""


def metric_curves_png(sweep: Sweep, table: pd.DataFrame) -> bytes:
    """Draw the first metric over generations as a PNG.

    One curve per regime (with its parameters) and lambda, one panel per combination of the other axes; the floor is
    dashed. Bands are Student's 95 % intervals over seeds. A metric with a logarithmic scale is averaged on its
    logarithm, so its curves are geometric means.

    Args:
        sweep: the sweep.
        table: from ``load_table``, with at least one row.
    """
    column = main_columns(sweep)[0]
    axes = varying_axes(sweep.cells)
    curve_axes = [name for name in axes if name == "lambda" or name.partition(".")[0] == "regime"]
    panel_axes = [name for name in axes if name not in curve_axes]
    styles = _curve_styles(table, curve_axes)
    panels = _groups(table, panel_axes)
    columns = _column_count([values for values, _ in panels])
    rows = ceil(len(panels) / columns)
    with style():
        figure = Figure(figsize=(3.6 * columns + 2.2, 2.9 * rows + 0.4), dpi=110, layout="constrained")
        subplots: list[Axes] = list(figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel())
        for ax, (values, part) in zip(subplots, panels, strict=False):
            _draw_curves(ax, part, column, curve_axes, styles)
            _draw_floor(ax, part, column)
            title = ", ".join(f"{name} {value}" for name, value in zip(panel_axes, values, strict=True))
            ax.set_title(title, fontsize=9)
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
            ax.grid(alpha=0.3)
        _label_generations(subplots, len(panels), columns)
        positive = table[column.name].to_numpy(float)
        positive = positive[np.isfinite(positive) & (positive > 0)]
        if column.scale == "log" and (table[column.name] > 0).any():
            set_log_axis(subplots[0], positive)
        unit = f", {column.unit}" if column.unit else ""
        figure.supylabel(f"{column.name}{unit} ({column.better} is better)", fontsize=9)
        _add_legend(figure, subplots)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _column_count(points: Sequence[tuple[Any, ...]]) -> int:
    """Return the number of panels in a row for panels with these axis values."""
    last = len({values[-1] for values in points if values})
    if DEFAULT_COLUMNS < last <= MAX_COLUMNS and len(points) % last == 0:
        return last
    return min(DEFAULT_COLUMNS, len(points))


def _groups(table: pd.DataFrame, axes: list[str]) -> list[Group]:
    """Split the table by the values of some axes, in order of appearance."""
    if not axes:
        return [((), table)]
    return [(tuple(values), rows) for values, rows in table.groupby(axes, dropna=False, sort=False)]


def _curve_label(axes: Sequence[str], values: Sequence[Any]) -> str:
    """Return ``mix, lambda 0.25``; the table has NaN for the lambda of a cell without one."""
    return label(axes, [None if pd.isna(value) else value for value in values], digits=6)


def _curve_styles(table: pd.DataFrame, curve_axes: list[str]) -> dict[str, dict[str, Any]]:
    """Return curve label -> colour, marker and line style: seven of each before one repeats, black for the control."""
    controls = {
        _curve_label(curve_axes, values): bool(rows["control"].all()) for values, rows in _groups(table, curve_axes)
    }
    styles = {}
    for number, (name, control) in enumerate(controls.items()):
        index, dashes = number % len(COLOURS), DASHES[number // len(COLOURS) % len(DASHES)]
        styles[name] = {"color": CONTROL if control else COLOURS[index], "marker": MARKERS[index], "ls": dashes}
    return styles


def _draw_curves(
    ax: Axes, table: pd.DataFrame, column: Column, curve_axes: list[str], styles: Mapping[str, Mapping[str, Any]]
) -> None:
    """Draw the curves of one panel with their bands."""
    for values, rows in _groups(table, curve_axes):
        name = _curve_label(curve_axes, values)
        means = seed_means(rows, column.name, logarithms=column.scale == "log").dropna(subset="mean")
        marker_step = max(1, len(means) // 12)
        generations = means["generation"]
        ax.plot(generations, means["mean"], ms=3.5, markevery=marker_step, lw=1.3, label=name, **styles[name])
        ax.fill_between(generations, means["low"], means["high"], color=styles[name]["color"], alpha=0.2, lw=0)


def _draw_floor(ax: Axes, table: pd.DataFrame, column: Column) -> None:
    """Draw the floor of the metric, if it has one: the metric with real rows in place of generated rows."""
    floor = f"{column.name}_floor"
    if floor in table and table[floor].notna().any():
        ax.axhline(float(table[floor].mean()), color="0.4", ls="--", lw=1, label="floor: real rows")


def _label_generations(subplots: Sequence[Axes], panels: int, columns: int) -> None:
    """Label the x axis of the lowest panel of each column, and hide the subplots without a panel."""
    for ax in subplots[max(0, panels - columns) : panels]:
        ax.set_xlabel("generation")
        ax.tick_params(labelbottom=True)
    for ax in subplots[panels:]:
        ax.set_visible(False)


def _add_legend(figure: Figure, subplots: Sequence[Axes]) -> None:
    """Add one legend for all panels."""
    handles = {name: handle for ax in subplots for handle, name in zip(*ax.get_legend_handles_labels(), strict=True)}
    figure.legend(list(handles.values()), list(handles), fontsize=8, loc="outside right center", frameon=False)
