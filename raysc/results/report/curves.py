"""The curves of one metric over generations: every regime and lambda, the control, real against real, theory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D

from raysc.metrics.core.metric import Column
from raysc.planning.resolved import Line
from raysc.results.expectations import expected
from raysc.results.plots.style import FLOOR, log_axis, style
from raysc.results.report.facts import named
from raysc.results.report.figure import Figure, finish
from raysc.results.report.layout import Curve, Layout
from raysc.results.report.multiples import entries, small_multiples
from raysc.results.statistics.averages import over_seeds

MARKED = 15
"""Generations up to which each has its marker; beyond, the curve alone is drawn, with a marker at its end."""


@dataclass(frozen=True)
class Trajectories:
    """What the curves of a metric are drawn from.

    Attributes:
        means: from ``over_seeds``, with the columns theory and floor (NaN where there is none).
        of: cell -> its rows.
        geometric: means are of logarithms.
        scale: of the axis.
    """

    means: pd.DataFrame
    of: Mapping[int, pd.DataFrame]
    geometric: bool
    scale: str

    @property
    def typical(self) -> bool:
        """Whether medians are drawn too: a mean on a log axis may be that of few seeds far above the others."""
        return self.scale == "log" and not self.geometric


def curves(table: pd.DataFrame, column: Column, lines: Sequence[Line], plan: Layout) -> Figure:
    """The figure of one metric.

    Args:
        table: the tidy table, not empty.
        column: the metric's.
        lines: of the sweep.
        plan: its panels.
    """
    found = trajectories(table, column, lines)
    name = f"curves-{_file_name(column.name)}"
    with style(name):
        drawing = draw_curves(found, column, plan)
        alt = _alt(column, found, lines, plan)
        return finish(drawing, name, column.name, _caption(found, plan), alt, _numbers(found.means, lines))


def draw_curves(found: Trajectories, column: Column, plan: Layout) -> Drawing:
    """The drawing of it; call it within ``style``."""
    drawing, panels = small_multiples(plan, entries(plan.curves, _others(found.means)))
    for axes in panels:
        axes.set_autoscale_on(False)  # else each curve would have the frame of all panels worked out anew
    for panel, axes in zip(plan.panels, panels, strict=True):
        for cell, curve in panel.cells.items():
            if cell in found.of:
                _curve(axes, found.of[cell], curve, medians=found.typical)
        if nothing := _nothing(found, panel.cells):
            axes.text(0.5, 0.5, nothing, transform=axes.transAxes, ha="center", va="center", color="0.3", fontsize=8)
        _floor(axes, found, panel.cells)
    panels[0].autoscale()  # for all: they share their axes
    shown = {cell for panel in plan.panels for cell in panel.cells}
    some = found.means.loc[found.means["cell"].isin(shown), ["mean", "low", "high", "theory", "floor"]].to_numpy()
    some = some[np.isfinite(some)]
    if found.scale == "log" and (some > 0).any():
        log_axis(panels[0], some[some > 0])
    else:
        _frame_linear(panels[0], found.means)
    unit = f", {column.unit}" if column.unit else ""
    edge = 0.06 / drawing.get_figwidth()
    drawing.supylabel(f"{column.name}{unit}\n({column.better} is better)", fontsize=9, x=edge)
    return drawing


def trajectories(table: pd.DataFrame, column: Column, lines: Sequence[Line]) -> Trajectories:
    """Means over seeds by cell and generation, with theory and floor beside them.

    Means of a metric on a log scale are geometric, unless a closed form is known that expects its arithmetic mean.
    """
    generations = tuple(sorted(int(t) for t in table["generation"].unique()))
    forms = {line.number: form for line in lines if (form := expected(line, column.name, generations)) is not None}
    values = table[column.name]
    logarithms = column.scale == "log" and bool((values > 0).any())
    geometric = logarithms and not any(form.of == "value" for form in forms.values())
    means = over_seeds(table, column.name, geometric)
    theory = {
        (cell, t): float(np.exp(value) if form.of == "logarithm" and column.scale == "log" else value)
        for cell, form in forms.items()
        if (form.of == "logarithm") == geometric
        for t, value in zip(generations, form.values, strict=True)
    }
    keys = list(zip(means["cell"], means["generation"], strict=True))
    means["theory"] = [theory.get(key, np.nan) for key in keys]
    floor = f"{column.name}_floor"
    floors = table.groupby("cell")[floor].mean() if floor in table else pd.Series(dtype=float)
    means["floor"] = means["cell"].map(floors).astype(float)
    of = {int(str(cell)): rows for cell, rows in means.groupby("cell")}
    return Trajectories(means, of, geometric, "log" if logarithms else "linear")


def _others(means: pd.DataFrame) -> list[tuple[str, Line2D]]:
    """What the legend names beside the curves."""
    others = []
    if means["floor"].notna().any():
        others.append(("real against real", Line2D([], [], color=FLOOR, lw=1, ls=":")))
    if means["theory"].notna().any():
        others.append(("theory", Line2D([], [], color="0.2", lw=2.6, alpha=0.35)))
    if means["diverged"].any():
        others.append(("a seed diverged", Line2D([], [], color="black", marker="x", ls="")))
    return others


def _curve(axes: Axes, rows: pd.DataFrame, curve: Curve, medians: bool) -> None:
    rows = rows[rows["mean"].notna()]
    drawn = {
        name: rows[name].to_numpy() for name in ("generation", "mean", "median", "low", "high", "theory", "diverged")
    }
    generations = drawn["generation"]
    marked: Any = None if len(rows) <= MARKED else [len(rows) - 1]
    if np.isfinite(drawn["low"]).any():
        axes.fill_between(generations, drawn["low"], drawn["high"], color=curve.colour, alpha=0.18, lw=0)
    if medians:
        axes.plot(generations, drawn["median"], color=curve.colour, lw=0.7, ls="-")
    if np.isfinite(drawn["theory"]).any():
        axes.plot(generations, drawn["theory"], color=curve.colour, lw=3.2, alpha=0.35, solid_capstyle="round")
    axes.plot(
        generations, drawn["mean"],
        color=curve.colour, ls=curve.dashes, marker=curve.marker, markevery=marked, ms=3.5, lw=1.3,
    )  # fmt: skip
    lost = np.diff(drawn["diverged"], prepend=0) > 0
    if lost.any():
        axes.plot(generations[lost], drawn["mean"][lost], ls="", marker="x", ms=6, mew=1.4, color="black")


def _nothing(found: Trajectories, cells: Mapping[int, Curve]) -> str:
    """Why a panel has no curve; "" if it has one."""
    there = [found.of[cell] for cell in cells if cell in found.of]
    if not there:
        return "not run yet"
    if any(rows["mean"].notna().any() for rows in there):
        return ""
    return "no value above 0" if found.geometric else "no value"


def _floor(axes: Axes, found: Trajectories, cells: Mapping[int, Curve]) -> None:
    """Real against real: one line for each number of real rows, which differ little."""
    floors = {float(found.of[cell]["floor"].iloc[0]) for cell in cells if cell in found.of}
    for floor in sorted(value for value in floors if np.isfinite(value)):
        axes.axhline(floor, color=FLOOR, lw=1, ls=":")


def _frame_linear(axes: Axes, means: pd.DataFrame) -> None:
    """Wide intervals of few seeds would flatten the curves: the frame is that of the means and as much again."""
    values = means[["mean", "theory", "floor"]].to_numpy()
    values = values[np.isfinite(values)]
    if values.size and np.ptp(values) > 0:
        low, high = values.min(), values.max()
        margin = 0.35 * (high - low)
        spread = means[["low", "high"]].to_numpy()
        spread = spread[np.isfinite(spread)]
        inside = spread.size == 0 or (spread.min() >= low - margin and spread.max() <= high + margin)
        if not inside:
            axes.set_ylim(low - margin, high + margin)


def _caption(found: Trajectories, plan: Layout) -> str:
    seeds = found.means["seeds"]
    seeds = seeds[seeds > 0]
    count = str(seeds.max()) if not len(seeds) or seeds.min() == seeds.max() else f"{seeds.min()} to {seeds.max()}"
    mean = "Geometric mean" if found.geometric else "Mean"
    told = [f"{mean} over {count if len(seeds) else 'no'} distinct seed{'s' * (count != '1')} at each generation."]
    if len(seeds) and seeds.max() > 1:
        told.append("Bands are Student's 95 % intervals of it, of each generation by itself.")
    else:
        told.append("One seed has no interval.")
    if found.typical:
        told.append("Thin lines are medians. A band that reaches the frame goes on to 0 or below.")
    if (found.means["diverged"] > 0).any():
        told.append(
            "A cross is where a seed diverged; from there on the mean is that of the seeds left, which did better."
        )
    if (found.means["without_value"] > 0).any():
        why = "missing, or 0 or below and without a logarithm" if found.geometric else "missing"
        told.append(f"Values that are {why} are left out, so the mean is that of the others; the CSV file counts them.")
    if found.means["theory"].notna().any():
        told.append("Broad pale lines are what a closed form expects.")
    return " ".join([*told, *([plan.left_out] if plan.left_out else [])])


def _alt(column: Column, found: Trajectories, lines: Sequence[Line], plan: Layout) -> str:
    """What the curves show, in words: their number, and the ends of the best and the worst one."""
    means = found.means.dropna(subset=["mean"])
    last = means[means["generation"] == means.groupby("cell")["generation"].transform("max")].sort_values("mean")
    panels = f"{len(plan.panels)} panel{'s' * (len(plan.panels) > 1)}"
    told = f"Line chart of {column.name} by generation, {panels} with {len(plan.curves)} curves"
    if last.empty:
        return f"{told}; there is no value to draw."
    ends = []
    for word, row in (("lowest", last.iloc[0]), ("highest", last.iloc[-1])):
        ends.append(f"{word} for {named(lines[int(row['cell'])])}: {row['mean']:.4g}")
    return f"{told}. At the last generation it is {ends[0]}; {ends[1]}."


def _numbers(means: pd.DataFrame, lines: Sequence[Line]) -> pd.DataFrame:
    """With the axes of each cell."""
    axes = pd.DataFrame([{"cell": line.number, **line.cell.axes} for line in lines])
    return axes.merge(means, on="cell")


def _file_name(column: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in column).strip("-")
