"""The picture that a sweep ends with: its first metric by generation."""

import io
from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from raysc.metrics.core.metric import Column
from raysc.results.plots.style import COLOURS, CONTROL, DASHES, MARKERS, log_axis, style
from raysc.results.statistics.averages import over_seeds
from raysc.results.table.table import main_columns, varying_axes
from raysc.sweepfile.sweep import Sweep

ACROSS = 3, 6
"""Panels side by side; or as many as the last axis has values, if they fit."""


def curves_picture(sweep: Sweep, table: pd.DataFrame) -> bytes:
    """A PNG of the first metric by generation.

    A line per regime (with its parameters) and lambda, a panel per combination of the other axes, real against real
    dashed. Bands are Student's 95 % intervals over seeds; a metric whose scale is log is averaged and banded on its
    logarithm, so lines are geometric means there.

    Args:
        sweep: what was asked.
        table: from ``load_table``, with at least one row.
    """
    column = main_columns(sweep)[0]
    axes = varying_axes(sweep.cells)
    in_panel = [name for name in axes if name == "lambda" or name.partition(".")[0] == "regime"]
    between = [name for name in axes if name not in in_panel]
    named = {_label(in_panel, values): bool(own["control"].all()) for values, own in _groups(table, in_panel)}
    looks = {name: _look(index, control) for index, (name, control) in enumerate(named.items())}
    parts = _groups(table, between)
    across = _across([values for values, _ in parts])
    down = ceil(len(parts) / across)
    with style():
        figure = Figure(figsize=(3.6 * across + 2.2, 2.9 * down + 0.4), dpi=110, layout="constrained")
        panels = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True).ravel()
        for panel, (values, part) in zip(panels, parts, strict=False):
            for settings, own in _groups(part, in_panel):
                name = _label(in_panel, settings)
                _curve(panel, own, column, looks[name], name)
            _floor(panel, part, column)
            panel.set_title(
                ", ".join(f"{name} {value}" for name, value in zip(between, values, strict=True)), fontsize=9
            )
            panel.xaxis.set_major_locator(MaxNLocator(integer=True))
            panel.grid(alpha=0.3)
        for panel in panels[max(0, len(parts) - across) : len(parts)]:  # with nothing below it
            panel.set_xlabel("generation")
            panel.tick_params(labelbottom=True)
        for panel in panels[len(parts) :]:
            panel.set_visible(False)
        if column.scale == "log" and (table[column.name] > 0).any():
            positive = table[column.name].to_numpy(float)
            log_axis(panels[0], positive[np.isfinite(positive) & (positive > 0)])
        unit = f", {column.unit}" if column.unit else ""
        figure.supylabel(f"{column.name}{unit} ({column.better} is better)", fontsize=9)
        shown = {
            name: handle for panel in panels for handle, name in zip(*panel.get_legend_handles_labels(), strict=True)
        }
        figure.legend(list(shown.values()), list(shown), fontsize=8, loc="outside right center", frameon=False)
        sink = io.BytesIO()
        figure.savefig(sink, format="png")
    return sink.getvalue()


def _across(places: Sequence[tuple[Any, ...]]) -> int:
    """How many panels stand side by side."""
    usual, most = ACROSS
    last = len({values[-1] for values in places if values})
    return last if usual < last <= most and len(places) % last == 0 else min(usual, len(places))


def _groups(table: pd.DataFrame, by: list[str]) -> list[tuple[tuple[Any, ...], pd.DataFrame]]:
    """Parts of the table by the values of some columns, in order of appearance."""
    if not by:
        return [((), table)]
    return [(tuple(values), part) for values, part in table.groupby(by, dropna=False, sort=False)]


def _look(index: int, control: bool) -> dict[str, Any]:
    """Colour, marker and dashes of a line: seven of each before any two are alike, black for the control."""
    place = index % len(COLOURS)
    dashes = DASHES[index // len(COLOURS) % len(DASHES)]
    return {"color": CONTROL if control else COLOURS[place], "marker": MARKERS[place], "ls": dashes}


def _label(names: Sequence[str], values: Sequence[Any]) -> str:
    """``mix, lambda 0.25``."""
    given = [(name, value) for name, value in zip(names, values, strict=True) if not pd.isna(value)]
    told = [(name, f"{value:g}" if isinstance(value, float) else str(value)) for name, value in given]
    return ", ".join(value if name == "regime" else f"{name} {value}" for name, value in told)


def _curve(panel: Axes, own: pd.DataFrame, column: Column, look: dict[str, Any], name: str) -> None:
    means = over_seeds(own, column.name, logarithms=column.scale == "log").dropna(subset="mean")
    many = max(1, len(means) // 12)
    panel.plot(means["generation"], means["mean"], ms=3.5, markevery=many, lw=1.3, label=name, **look)
    panel.fill_between(means["generation"], means["low"], means["high"], color=look["color"], alpha=0.2, lw=0)


def _floor(panel: Axes, part: pd.DataFrame, column: Column) -> None:
    floor = f"{column.name}_floor"
    if floor in part and part[floor].notna().any():
        panel.axhline(float(part[floor].mean()), color="0.4", ls="--", lw=1, label="real against real")
