"""Rows of the training sets by generation, real and synthetic."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from raysc.planning.resolved import ResolvedCell
from raysc.results.plots.labels import label, shorten
from raysc.results.plots.style import COLOURS, style
from raysc.results.plots.subset import evenly_spaced, subset_sentence
from raysc.results.report.figures.curve_styles import CurveStyle
from raysc.results.report.figures.panel_grid import LegendEntry, panel_grid
from raysc.results.report.figures.panel_layout import Panel, PanelLayout
from raysc.results.report.figures.rendering import ReportFigure, render

MAX_PANELS = 12
MAX_COLUMNS = 3
REAL, SYNTHETIC = COLOURS[0], COLOURS[4]
HATCH = "//"
"""Hatch of the synthetic rows."""


def training_sets_figure(table: pd.DataFrame, cells: Sequence[ResolvedCell]) -> ReportFigure:
    """Return the figure of the rows that each generation trained on; cells with equal counts share a panel.

    Args:
        table: the tidy table, not empty.
        cells: of the sweep.
    """
    finite = table[~table["diverged"].astype(bool)]
    means = finite.groupby(["cell", "generation"])[["rows_real", "rows_synthetic"]].mean().reset_index()
    means["share"] = means["rows_synthetic"] / (means["rows_real"] + means["rows_synthetic"])
    groups = _cells_with_equal_counts(means)
    shown = evenly_spaced(groups, MAX_PANELS)
    no_curves: dict[int, CurveStyle] = {}
    panels = tuple(Panel(_title(group, cells), no_curves) for group in shown) or (Panel("", no_curves),)
    legend: list[LegendEntry] = [
        ("real rows", Patch(fc=REAL)),
        ("synthetic rows", Patch(fc=SYNTHETIC, hatch=HATCH, ec="white")),
    ]
    left_out = subset_sentence(len(shown), len(groups), "groups of cells")
    axes = pd.DataFrame([{"cell": cell.number, **cell.settings.axes} for cell in cells])
    panel_count = f"{len(panels)} panel{'s' * (len(panels) != 1)}"
    with style("rows"):
        layout = PanelLayout(panels, min(MAX_COLUMNS, len(panels)), (), "")
        figure, subplots = panel_grid(layout, legend, share_y=False)
        for ax, group in zip(subplots, shown, strict=False):
            _draw_counts(ax, means[means["cell"] == group[0]].sort_values("generation"))
        figure.supylabel("rows of the training set", fontsize=9, x=0.06 / figure.get_figwidth())
        return render(
            figure, "rows", "Rows of the training sets",
            "Real and synthetic rows that each generation trained on, mean over the seeds that did not diverge. Cells "
            f"with equal counts share a panel.{left_out}",
            f"Stacked areas of real and synthetic rows by generation, in {panel_count}.",
            axes.merge(means, on="cell"),
        )  # fmt: skip


def _cells_with_equal_counts(means: pd.DataFrame) -> list[list[int]]:
    """Group the numbers of the cells by their counts of rows at all generations."""
    groups: dict[tuple[float, ...], list[int]] = {}
    for number, rows in means.groupby("cell"):
        counts = rows.sort_values("generation")[["generation", "rows_real", "rows_synthetic"]].to_numpy().ravel()
        groups.setdefault(tuple(counts.tolist()), []).append(int(str(number)))
    return list(groups.values())


def _draw_counts(ax: Axes, rows: pd.DataFrame) -> None:
    """Draw the counts of one cell as stacked areas."""
    generations, real = rows["generation"], rows["rows_real"]
    ax.fill_between(generations, real, step="mid", color=REAL, lw=0)
    ax.fill_between(
        generations, real, real + rows["rows_synthetic"], step="mid", fc=SYNTHETIC, hatch=HATCH, ec="white", lw=0
    )
    ax.set_ylim(bottom=0)


def _title(group: Sequence[int], cells: Sequence[ResolvedCell]) -> str:
    """Return the title of a panel: the settings that all its cells share, and the number of cells."""
    axes = [cells[number].settings.axes for number in group]
    common = [name for name in axes[0] if all(repr(other[name]) == repr(axes[0][name]) for other in axes)]
    settings = shorten(label(common, [axes[0][name] for name in common]))
    count = f"{len(group)} cells" if len(group) > 1 else ""
    return "\n".join(part for part in (settings, count) if part)
