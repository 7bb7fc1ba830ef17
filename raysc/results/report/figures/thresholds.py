"""The searches for a threshold: rho or the excess at each probe, and the threshold with its interval."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from raysc.results.plots.labels import label, wrap
from raysc.results.plots.style import COLOURS, style
from raysc.results.report.figures.rendering import ReportFigure, render
from raysc.results.thresholds.answers import evidence_frame, threshold_of, threshold_text
from raysc.results.thresholds.evidence import Search
from raysc.sweepfile.threshold_search import ThresholdSearch

MAX_PANELS, COLUMNS = 12, 3
"""Most searches that are drawn, and the panels of a row."""
TITLE_CHARACTERS = 34
"""Characters in a line of a panel's title."""


def thresholds_figure(search: ThresholdSearch, searches: Sequence[Search]) -> ReportFigure | None:
    """Return the figure of the searches of a sweep, one panel each; None before any probe is complete.

    Args:
        search: settings of the searches.
        searches: from ``read_searches``.
    """
    numbers = evidence_frame(search, searches)
    if numbers.empty:
        return None
    shown = list(searches[:MAX_PANELS])
    columns = min(COLUMNS, len(shown))
    rows = math.ceil(len(shown) / columns)
    answers = "; ".join(threshold_text(search.axis, of_point) for of_point in searches)
    judged = "rho" if search.delta is None else f"excess of {search.metric} over the control"
    left_out = f" The first {len(shown)} of {len(searches)} searches are drawn." if len(shown) < len(searches) else ""
    with style("thresholds"):
        figure = Figure(figsize=(2.4 * columns + 0.6, 2.3 * rows + 0.3), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
        for ax, of_point in zip(panels, shown, strict=False):
            _draw(ax, search, of_point)
        for ax in panels[len(shown) :]:
            ax.set_visible(False)
        for ax in panels[::columns]:
            ax.set_ylabel(judged if search.delta is None else "excess")
        return render(
            figure, "thresholds", "Thresholds",
            f"{judged[0].upper()}{judged[1:]} at each probe of a search, with its 95 % interval over seeds; below the "
            f"dashed line the loop is stable. A coloured band is the interval of the threshold.{left_out} {answers}.",
            f"Probes of {len(searches)} searches over {search.axis}: {answers}.",
            numbers,
        )  # fmt: skip


def _draw(ax: Axes, search: ThresholdSearch, of_point: Search) -> None:
    """Draw the probes of one search and its threshold."""
    threshold = threshold_of(of_point)
    known = [probe for probe in of_point.probes if math.isfinite(probe.estimate)]
    values = np.array([probe.value for probe in known])
    estimates = np.array([probe.estimate for probe in known])
    errors = np.abs(np.array([[probe.low, probe.high] for probe in known]).reshape(-1, 2).T - estimates)
    if math.isfinite(threshold.threshold):
        ax.axvspan(threshold.low, threshold.high, color=COLOURS[1], alpha=0.25, linewidth=0)
        ax.axvline(threshold.threshold, color=COLOURS[1], linewidth=1)
    ax.axhline(1.0 if search.delta is None else search.delta, color="black", linestyle="--", linewidth=0.8)
    ax.errorbar(values, estimates, errors, fmt="o", markersize=3, linewidth=1, color=COLOURS[0])
    if search.logarithmic:
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlim(*((search.low / 1.1, search.high * 1.1) if search.logarithmic else (search.low, search.high)))
    ax.set_xlabel(search.axis)
    ax.set_title(wrap(label(list(of_point.where), list(of_point.where.values())), TITLE_CHARACTERS))
