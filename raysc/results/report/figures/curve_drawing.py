"""Drawing of the curves of one metric: means, bands, theory and floor."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from raysc.metrics.core.metric import Column
from raysc.results.plots.style import FLOOR, set_log_axis
from raysc.results.plots.subset import evenly_spaced
from raysc.results.report.figures.curve_means import CurveMeans
from raysc.results.report.figures.curve_styles import CurveStyle
from raysc.results.report.figures.panel_grid import LegendEntry, legend_entries, panel_grid
from raysc.results.report.figures.panel_layout import PanelLayout
from raysc.results.report.figures.rendering import DataPoint, curve_id
from raysc.results.table.number_format import interval_text, number_text

MAX_MARKERS = 15
"""Generations of a curve with a marker at each. A longer curve has one marker, at its end."""
DRAWN = ["mean", "arithmetic_mean", "low", "high", "quantile_5", "quantile_95", "theory", "floor"]
"""Columns of the means that are drawn."""
BANDS = ("low", "high", "quantile_5", "quantile_95")
"""Columns that are limits of bands."""
MAX_POINTS = 30
"""Generations of a curve whose values the page shows."""


def draw_curves(curves: CurveMeans, column: Column, layout: PanelLayout) -> Figure:
    """Draw the curves of one metric; to be called within ``style``.

    Args:
        curves: means of the metric.
        column: the metric's column.
        layout: the panels.
    """
    figure, subplots = panel_grid(layout, [*legend_entries(layout.curves), *other_entries(curves)])
    draw_panels(subplots, curves, layout)
    unit = f", {column.unit}" if column.unit else ""
    left = 0.06 / figure.get_figwidth()
    figure.supylabel(f"{column.name}{unit}\n({column.direction})", fontsize=9, x=left)
    return figure


def draw_panels(subplots: Sequence[Axes], curves: CurveMeans, layout: PanelLayout, width: float = 1.3) -> None:
    """Draw the curves of all panels, and set their common y axis.

    Args:
        subplots: one for each panel, with shared axes.
        curves: means of the metric.
        layout: the panels.
        width: width of the lines, in points.
    """
    for ax in subplots:
        ax.set_autoscale_on(False)  # else matplotlib computes the limits of all panels again for each curve
    for panel, ax in zip(layout.panels, subplots, strict=True):
        for number, curve in panel.cells.items():
            if number in curves.by_cell:
                artists = draw_curve(ax, curves.by_cell[number], curve, width)
                for index, artist in enumerate(artists):
                    artist.set_gid(curve_id(layout.curves.index(curve), f"{number}-{index}"))
        if reason := empty_reason(curves, panel.cells):
            ax.text(0.5, 0.5, reason, transform=ax.transAxes, ha="center", va="center", color="0.3", fontsize=8)
        draw_floors(ax, curves, panel.cells)
    set_y_scale(subplots[0], curves, layout, curves.scale)


def set_y_scale(ax: Axes, curves: CurveMeans, layout: PanelLayout, scale: str) -> None:
    """Set scale and limits of the y axis that all panels share, by what is drawn.

    Args:
        ax: the first subplot.
        curves: means of the metric.
        layout: the panels.
        scale: "log" or "linear"; "log" is linear without values above 0.
    """
    if ax.get_yscale() != "linear":
        ax.set_yscale("linear")
    ax.autoscale()  # for all subplots, since they share their axes
    means = drawn_means(curves, layout)
    values = means[DRAWN].to_numpy()
    values = values[np.isfinite(values)]
    if scale == "log" and (values > 0).any():
        set_log_axis(ax, values[values > 0])
    else:
        _limit_linear_axis(ax, means)


def drawn_means(curves: CurveMeans, layout: PanelLayout) -> pd.DataFrame:
    """Return the means of the cells that have a panel."""
    drawn = {number for panel in layout.panels for number in panel.cells}
    return curves.means[curves.means["cell"].isin(drawn)]


def data_points(subplots: Sequence[Axes], curves: CurveMeans, layout: PanelLayout) -> list[DataPoint]:
    """Return the means of all panels with their intervals, as ``mix, lambda 1, generation 8: 13.8 [13.2, 14.4]``."""
    points = []
    for panel, ax in zip(layout.panels, subplots, strict=False):
        for number, curve in panel.cells.items():
            if number not in curves.by_cell:
                continue
            rows = curves.by_cell[number]
            rows = rows[np.isfinite(rows["mean"])]
            numbers = rows[["generation", "mean", "low", "high"]].to_numpy(float).tolist()
            for t, mean, low, high in evenly_spaced(numbers, MAX_POINTS):
                text = f"{curve.label}, generation {t:g}: {interval_text(mean, low, high) or number_text(mean)}"
                points.append(DataPoint(ax, t, mean, text, layout.curves.index(curve)))
    return points


def other_entries(curves: CurveMeans) -> list[LegendEntry]:
    """Return the legend entries of all elements that are not the curve of a cell."""
    means = curves.means
    entries: list[LegendEntry] = []
    if means["floor"].notna().any():
        entries.append((floor_label(curves.column), Line2D([], [], color=FLOOR, lw=1, ls=":")))
    if means["theory"].notna().any():
        entries.append(("theory", Line2D([], [], color="0.2", lw=2.6, alpha=0.35)))
    if means["arithmetic_mean"].notna().any():
        entries.append(("arithmetic mean", Line2D([], [], color="0.2", lw=0.7)))
    if means["diverged"].any():
        entries.append(("a seed diverged", Line2D([], [], color="black", marker="x", ls="")))
    return entries


def floor_label(column: Column) -> str:
    """Return the name of the floor in a legend, or of the target that stands in its place."""
    return "floor: real rows" if column.target is None else "best value"


def draw_curve(ax: Axes, rows: pd.DataFrame, curve: CurveStyle, width: float = 1.3) -> list[Artist]:
    """Draw the curve of one cell, and return what was drawn.

    Args:
        ax: the subplot.
        rows: the cell's rows of ``CurveMeans.means``.
        curve: its style.
        width: width of the line, in points.
    """
    rows = rows[rows["mean"].notna()]
    names = ("generation", "mean", "arithmetic_mean", *BANDS, "theory", "diverged")
    values = {name: rows[name].to_numpy() for name in names}
    generations = values["generation"]
    marked: Any = None if len(rows) <= MAX_MARKERS else [len(rows) - 1]
    artists: list[Artist] = []
    for low, high, alpha in (("quantile_5", "quantile_95", 0.08), ("low", "high", 0.18)):
        if np.isfinite(values[low]).any():
            band = ax.fill_between(generations, values[low], values[high], color=curve.colour, alpha=alpha, lw=0)
            artists.append(band)
    if np.isfinite(values["arithmetic_mean"]).any():
        artists += ax.plot(generations, values["arithmetic_mean"], color=curve.colour, lw=0.7, ls="-")
    if np.isfinite(values["theory"]).any():
        artists += ax.plot(
            generations, values["theory"], color=curve.colour, lw=3.2, alpha=0.35, solid_capstyle="round"
        )
    artists += ax.plot(
        generations, values["mean"],
        color=curve.colour, ls=curve.dashes, marker=curve.marker, markevery=marked, ms=2.7 * width, lw=width,
        label=curve.label,
    )  # fmt: skip
    diverging = np.diff(values["diverged"], prepend=0) > 0
    if diverging.any():
        artists += ax.plot(
            generations[diverging], values["mean"][diverging], ls="", marker="x", ms=6, mew=1.4, color="black"
        )
    return artists


def empty_reason(curves: CurveMeans, cells: Mapping[int, CurveStyle]) -> str:
    """Return the reason why a panel has no curve; "" if it has one."""
    measured = [curves.by_cell[number] for number in cells if number in curves.by_cell]
    if not measured:
        return "not run yet"
    means = pd.concat([rows["mean"] for rows in measured]).to_numpy()
    if curves.column.geometric:
        return "" if (np.isfinite(means) & (means > 0)).any() else "no value above 0"
    return "" if np.isfinite(means).any() else "no finite value"


def draw_floors(ax: Axes, curves: CurveMeans, cells: Mapping[int, CurveStyle]) -> None:
    """Draw the floors of a panel: one line per number of real rows."""
    floors = {float(curves.by_cell[number]["floor"].iloc[0]) for number in cells if number in curves.by_cell}
    for floor in sorted(value for value in floors if np.isfinite(value)):
        ax.axhline(floor, color=FLOOR, lw=1, ls=":")


def _limit_linear_axis(ax: Axes, means: pd.DataFrame) -> None:
    """Limit the y axis to 1.7 times the range of the means if the bands are wider.

    Wide bands of few seeds would flatten the curves.
    """
    values = means[["mean", "arithmetic_mean", "theory", "floor"]].to_numpy()
    values = values[np.isfinite(values)]
    if values.size and np.ptp(values) > 0:
        low, high = values.min(), values.max()
        margin = 0.35 * (high - low)
        limits = means[["low", "high"]].to_numpy()
        limits = limits[np.isfinite(limits)]
        fits = limits.size == 0 or (limits.min() >= low - margin and limits.max() <= high + margin)
        if not fits:
            ax.set_ylim(low - margin, high + margin)
