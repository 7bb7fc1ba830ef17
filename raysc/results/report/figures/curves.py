"""Curves of one metric over generations: every regime and lambda, the control, the floor and the theory."""

import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from raysc.metrics.core.metric import Column
from raysc.planning.resolved import ResolvedCell, ResolvedSweep
from raysc.results.plots.labels import cell_label
from raysc.results.plots.style import style
from raysc.results.report.figures.curve_drawing import data_points, draw_curves, drawn_means, set_y_scale
from raysc.results.report.figures.curve_means import CurveMeans, curve_means, with_quantiles
from raysc.results.report.figures.panel_layout import PanelLayout, panel_layout
from raysc.results.report.figures.rendering import DPI, ReportFigure, render, view
from raysc.results.table.columns import main_columns


def curves_figure(
    table: pd.DataFrame, column: Column, cells: Sequence[ResolvedCell], layout: PanelLayout
) -> ReportFigure:
    """Return the figure of one metric.

    Args:
        table: the tidy table, not empty.
        column: the metric's column.
        cells: of the sweep.
        layout: the panels.
    """
    curves = with_quantiles(curve_means(table, column, cells), table)
    name = f"curves-{_file_name(column.name)}"
    axes = pd.DataFrame([{"cell": cell.number, **cell.settings.axes} for cell in cells])
    with style(name):
        figure = draw_curves(curves, column, layout)
        alt, subplots = _alt(column, curves, cells, layout), figure.axes
        numbers, points = axes.merge(curves.means, on="cell"), data_points(subplots, curves, layout)
        rendered = render(figure, name, column.name, _caption(curves, layout), alt, numbers, points)
        if (drawn_means(curves, layout)["mean"] <= 0).any():
            return rendered
        scales = ("log", "linear") if curves.scale == "log" else ("linear", "log")
        set_y_scale(subplots[0], curves, layout, scales[1])
        other = view(figure, column.name, alt, points, scales[1])
        return replace(rendered, views=(replace(rendered.views[0], scale=scales[0]), other))


def curves_png(resolved: ResolvedSweep, table: pd.DataFrame) -> bytes:
    """Draw the curves of a sweep's first metric as in the report: the picture that ``raysc sweep`` leaves.

    Args:
        resolved: the sweep.
        table: the tidy table, not empty.
    """
    column = main_columns(resolved.sweep)[0]
    buffer = io.BytesIO()
    with style():
        figure = draw_curves(curve_means(table, column, resolved.cells), column, panel_layout(resolved.sweep.cells))
        figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def _caption(curves: CurveMeans, layout: PanelLayout) -> str:
    """Return the caption: the averages, the bands, and all other elements of the figure."""
    means = curves.means
    sentences = _mean_sentences(curves)
    if means["quantile_5"].notna().any():
        sentences.append("Pale outer bands reach from the 5 % to the 95 % quantile of the seeds.")
    if (means["diverged"] > 0).any():
        sentences.append(
            "A cross marks a generation at which a seed diverged. Later means are over the remaining seeds only, so "
            "they are biased towards better values."
        )
    if (means["without_value"] > 0).any():
        values = "Missing values and values below 0" if curves.column.geometric else "Missing values"
        sentences.append(f"{values} are left out of the mean. The CSV file counts them.")
    if curves.column.geometric and (means["mean"] == 0).any():
        sentences.append("A geometric mean is 0 where a seed has the value 0; the curve leaves the panel there.")
    if np.isinf(means["mean"]).any():
        sentences.append("A curve has a gap where its mean is infinite, because a seed's value is.")
    if means["theory"].notna().any():
        sentences.append("Wide pale lines are the theory: the expectation in closed form.")
    if means["arithmetic_mean"].notna().any():
        sentences.append("Thin lines are arithmetic means, of which the theory is the expectation.")
    if means["floor"].notna().any() and curves.column.target is None:
        sentences.append("Dotted lines are the floor: the metric with real rows in place of generated rows.")
    elif means["floor"].notna().any():
        sentences.append("Dotted lines are the best value.")
    return " ".join([*sentences, *([layout.left_out] if layout.left_out else [])])


def _mean_sentences(curves: CurveMeans) -> list[str]:
    """Return the sentences on means and bands."""
    counts = curves.means["seeds"]
    counts = counts[counts > 0]
    if counts.empty:
        return ["No seed has a value."]
    mean = "Geometric mean" if curves.column.geometric else "Mean"
    count = str(counts.max()) if counts.min() == counts.max() else f"{counts.min()} to {counts.max()}"
    return [
        f"{mean} over {count} distinct seed{'s' * (count != '1')} at each generation.",
        "Bands are pointwise 95 % intervals of the mean, as in the tables."
        if counts.max() > 1
        else "One seed has no interval.",
    ]


def _alt(column: Column, curves: CurveMeans, cells: Sequence[ResolvedCell], layout: PanelLayout) -> str:
    """Return the description: the numbers of panels and curves, and the lowest and highest mean at the end."""
    means = curves.means.dropna(subset=["mean"])
    last = means[means["generation"] == means.groupby("cell")["generation"].transform("max")].sort_values("mean")
    panels = f"{len(layout.panels)} panel{'s' * (len(layout.panels) > 1)}"
    chart = f"Line chart of {column.name} by generation: {panels}, {len(layout.curves)} curves in the legend."
    if last.empty:
        return f"{chart} There is no value to draw."
    extremes = [
        f"{word} is {row['mean']:.4g}, for {cell_label(cells[int(row['cell'])])}"
        for word, row in (("lowest mean", last.iloc[0]), ("highest mean", last.iloc[-1]))
    ]
    return f"{chart} At the last generation the {'; the '.join(extremes)}."


def _file_name(column: str) -> str:
    """Return the name of a column with only letters, digits, ``-`` and ``_``."""
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in column).strip("-")
