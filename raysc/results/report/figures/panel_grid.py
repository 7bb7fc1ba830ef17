"""Grids of panels over generations, with shared axes and a legend above them."""

from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from raysc.results.plots.labels import wrap
from raysc.results.plots.style import set_generation_axis
from raysc.results.report.figures.curve_styles import CurveStyle
from raysc.results.report.figures.panel_layout import PanelLayout
from raysc.results.report.figures.rendering import legend_id

WIDTH = 11.4
"""Width of a figure whose panels are neither narrower nor wider than allowed, in inches, as all lengths here."""
PANEL_WIDTHS = (2.35, 4.4)
"""Least and greatest width of a panel."""
PANEL_ASPECT = 0.62
"""Height of a panel over its width."""
LEFT, RIGHT, BOTTOM = 0.95, 0.1, 0.5
"""Margins of the figure."""
TITLE_CHARACTERS = 34
"""Characters in a line of a panel's title."""

LegendEntry = tuple[str, Artist]
"""Label and handle."""


def legend_entries(curves: Sequence[CurveStyle]) -> list[LegendEntry]:
    """Return the legend entries of some curves."""
    return [
        (curve.label, Line2D([], [], color=curve.colour, ls=curve.dashes, marker=curve.marker, ms=4, lw=1.5))
        for curve in curves
    ]


def panel_grid(layout: PanelLayout, legend: Sequence[LegendEntry], share_y: bool = True) -> tuple[Figure, list[Axes]]:
    """Make a figure with one subplot per panel, over generations; to be called within ``style``.

    Args:
        layout: the panels.
        legend: entries of the legend, which stands at the upper left, where a narrow screen shows it first.
        share_y: all subplots share one y axis; else each has its own.
    """
    titles = ["\n".join(wrap(part, TITLE_CHARACTERS) for part in panel.title.splitlines()) for panel in layout.panels]
    title_lines = max(title.count("\n") + 1 if title else 0 for title in titles)
    least, greatest = PANEL_WIDTHS
    panel_width = min(max((WIDTH - LEFT - RIGHT) / layout.columns, least), greatest)
    panel_height = PANEL_ASPECT * panel_width
    width = LEFT + RIGHT + panel_width * layout.columns
    legend_columns = _legend_columns([name for name, _ in legend], width)
    legend_height, gap = 0.12 + 0.19 * -(-len(legend) // legend_columns), 0.12 + 0.16 * title_lines
    height = legend_height + BOTTOM + layout.rows * (panel_height + gap)
    figure = Figure(figsize=(width, height))
    grid = figure.add_gridspec(
        layout.rows, layout.columns,
        left=LEFT / width, right=1 - RIGHT / width, bottom=BOTTOM / height, top=1 - (legend_height + gap) / height,
        wspace=0.09 if share_y else 0.25, hspace=gap / panel_height,
    )  # fmt: skip
    subplots: list[Axes] = []
    for index, title in enumerate(titles):
        row, column = divmod(index, layout.columns)
        first = subplots[0] if subplots else None
        ax = figure.add_subplot(grid[row, column], sharex=first, sharey=first if share_y else None)
        ax.set_title(title, pad=3)
        lowest = index + layout.columns >= len(layout.panels)
        ax.tick_params(labelleft=column == 0 or not share_y, labelbottom=lowest)
        if lowest:
            ax.set_xlabel("generation")
        subplots.append(ax)
    set_generation_axis(subplots[0])
    entries = figure.legend(
        [handle for _, handle in legend], [name for name, _ in legend], loc="upper left", frameon=False,
        ncols=legend_columns, borderaxespad=0.2, columnspacing=1.2, handlelength=2.6,
    )  # fmt: skip
    for index in range(len(layout.curves)):  # the curves stand first in the legend
        for part, artist in (("line", entries.legend_handles[index]), ("text", entries.get_texts()[index])):
            if artist is not None:
                artist.set_gid(legend_id(index, part))
    return figure, subplots


def _legend_columns(names: Sequence[str], width: float) -> int:
    """Return the number of legend columns that fit by the longest name; a character takes about 0.075 inches."""
    return max(1, int(width / (0.6 + 0.075 * max(len(name) for name in names))))
