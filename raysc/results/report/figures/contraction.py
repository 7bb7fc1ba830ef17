"""The rates of contraction: rho of each cell with its interval, beside theory."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from raysc.results.contraction.tables import cell_labels, contraction_texts, of_first_distance
from raysc.results.plots.labels import wrap
from raysc.results.plots.style import COLOURS, style
from raysc.results.report.figures.rendering import ReportFigure, render

MAX_CELLS = 40
"""Most cells that are drawn; the table has all."""
LABEL_CHARACTERS = 44
"""Characters in a line of a cell's label."""


def contraction_figure(frame: pd.DataFrame) -> ReportFigure | None:
    """Return the figure of the cells whose rho is known, by their first distance; None without one.

    Args:
        frame: from ``contraction_frame``.
    """
    rows = of_first_distance(frame)
    known = rows if rows.empty else rows.dropna(subset="rho")
    if known.empty:
        return None
    shown = known[:MAX_CELLS]
    labels = [wrap(text, LABEL_CHARACTERS) for text in cell_labels(shown)]
    left_out = f" The first {len(shown)} of {len(known)} cells are drawn." if len(shown) < len(known) else ""
    with style("contraction"):
        figure = Figure(figsize=(6.5, 0.7 + 0.32 * len(shown)), layout="constrained")
        _draw(figure, shown, labels)
        return render(
            figure, "contraction", "Contraction",
            "Rate rho at which each loop forgets its start, with its 95 % interval over seeds, from the distances of "
            "its fork. Left of the dashed line the loop contracts; a cross is the rate in theory, where it is known."
            f"{left_out}",
            f"Rates of contraction: {'; '.join(contraction_texts(known))}.",
            known,
        )  # fmt: skip


def _draw(figure: Figure, shown: pd.DataFrame, labels: Sequence[str]) -> None:
    """Draw a row for each cell, from top to bottom."""
    ax, y = figure.subplots(), np.arange(len(shown))
    errors = np.abs(shown[["rho_low", "rho_high"]].to_numpy(float).T - shown["rho"].to_numpy(float))
    ax.axvline(1.0, color="black", linestyle="--", linewidth=0.8)
    ax.errorbar(shown["rho"], y, xerr=errors, fmt="o", markersize=3, linewidth=1, color=COLOURS[0])
    ax.plot(shown["expected"], y, "x", color="black", markersize=6, linewidth=0)
    ax.set_yticks(y, labels)
    ax.set_ylim(len(shown) - 0.5, -0.5)
    ax.set_xlim(left=0.0)
    ax.set_xlabel("rho")
