"""Figures for papers: one metric over generations, at the size of a column of text."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pandas as pd
from matplotlib import rc_context, rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.mathtext import MathTextParser
from matplotlib.textpath import TextPath

from raysc.errors import InputError
from raysc.metrics.core.metric import Column
from raysc.planning.resolved import ResolvedSweep
from raysc.results.plots.figure_cells import Where, check_roles, select
from raysc.results.plots.labels import wrap
from raysc.results.plots.names import PaperNames
from raysc.results.plots.paper_style import TRUETYPE, curve_colours, line_width, paper_style
from raysc.results.plots.style import set_generation_axis
from raysc.results.report.figures.curve_drawing import draw_panels, other_entries
from raysc.results.report.figures.curve_means import curve_means
from raysc.results.report.figures.panel_grid import LegendEntry, legend_entries
from raysc.results.report.figures.panel_layout import PanelLayout, panel_layout
from raysc.sweepfile.sweep import Sweep

FORMATS = ("pdf", "svg", "png")
"""Suffixes of the files."""
DPI = 300
"""Dots per inch of a PNG."""
PANEL = (2.5, 1.9)
"""Size of a panel in inches where the size of the figure is not given."""
POINTS = 72.0
"""Points of an inch."""
LEGEND_SIZES = (8.5, 8.0, 7.0, 6.0)
"""Font sizes of the legend, in points: the largest one that leaves room for the panels is taken."""
MAX_LEGEND = 0.45
"""Largest share of the figure's height for the legend."""
HANDLE, SPACING, LINE = 2.6, 1.2, 1.45
"""Length of a legend's handle with its pad, space between its columns, and height of its lines; in font sizes."""
CHARACTER = 0.5
"""Mean width of a character, in font sizes."""


@dataclass(frozen=True)
class FigureOptions:
    """Options of a figure.

    Attributes:
        by: axes in which the curves of a panel differ; None: regime and lambda, or all that ``panels`` leaves.
        panels: axes in which panels differ; None: all that ``by`` leaves.
        where: the cells to draw; their controls are drawn, too.
        size: width and height in inches; None: as the panels need.
        font: a generic family or the name of a font; None: the user's.
        usetex: LaTeX sets the text.
        scale: scale of the y axis; None: the metric's.
    """

    by: Sequence[str] | None = None
    panels: Sequence[str] | None = None
    where: Where = field(default_factory=dict)
    size: tuple[float, float] | None = None
    font: str | None = None
    usetex: bool = False
    scale: Literal["log", "linear"] | None = None


class PaperFigure(Figure):
    """A matplotlib figure whose files embed fonts as TrueType, whatever the settings are when it is saved."""

    def savefig(self, *args: Any, **kwargs: Any) -> None:
        """Save the figure; arguments are matplotlib's."""
        with rc_context({"pdf.fonttype": TRUETYPE, "ps.fonttype": TRUETYPE, "svg.hashsalt": "raysc"}):
            super().savefig(*args, **kwargs)


def paper_figure(
    resolved: ResolvedSweep, table: pd.DataFrame, column: Column, options: FigureOptions, ax: Axes | None = None
) -> Figure:
    """Draw a metric over generations: means with 95 % intervals, control, floor and theory.

    Args:
        resolved: the sweep.
        table: the tidy table, not empty.
        column: the metric's column.
        options: the options.
        ax: a subplot to draw into, for a figure of one panel; its lines have labels for ``ax.legend()``.

    Raises:
        InputError: an axis, a value, a font or a label cannot be used, or the legend leaves no room.
    """
    names = PaperNames(resolved.sweep.labels, options.usetex)
    with paper_style(options.font, options.usetex):
        _check_labels(resolved.sweep, options.usetex)
        layout = _layout(resolved, options, names)
        drawn = {number for panel in layout.panels for number in panel.cells}
        rows = table[table["cell"].isin(drawn)]
        if rows.empty:
            raise InputError("these cells have no results yet")
        curves = curve_means(rows, column, [resolved.cells[number] for number in sorted(drawn)])
        if options.scale == "linear" or (options.scale == "log" and (rows[column.name] > 0).any()):
            curves = replace(curves, scale=options.scale)
        if ax is not None:
            if len(layout.panels) > 1:
                raise InputError(
                    f"ax holds one panel and this figure has {len(layout.panels)}: select cells with where"
                )
            draw_panels([ax], curves, layout, line_width())
            ax.set(xlabel="generation", ylabel=names.metric(column))
            return ax.get_figure(root=True) or Figure()
        legend = [*legend_entries(layout.curves), *other_entries(curves)]
        figure, subplots = _grid(layout, legend, options.size)
        draw_panels(subplots, curves, layout, line_width())
        figure.supylabel(names.metric(column), fontsize=rcParams["axes.labelsize"])
        figure.supxlabel("generation", fontsize=rcParams["axes.labelsize"])
        figure.draw_without_rendering()
    return figure


def figure_file(figure: Figure, suffix: str) -> bytes:
    """Return a figure as a file of one of the ``FORMATS``; equal figures have equal files."""
    dates: dict[str, dict[str, Any]] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}
    buffer = io.BytesIO()
    figure.savefig(buffer, format=suffix, dpi=DPI, metadata=dates.get(suffix))
    return buffer.getvalue()


def _layout(resolved: ResolvedSweep, options: FigureOptions, names: PaperNames) -> PanelLayout:
    """Return the panels of the selected cells, with the numbers of the cells in the sweep."""
    numbers = select(resolved.sweep.cells, options.where)
    cells = [resolved.sweep.cells[number] for number in numbers]
    check_roles(cells, options.by, options.panels)
    layout = panel_layout(cells, options.by, options.panels, curve_colours(), names.settings)
    if layout.left_out:
        raise InputError(f"too many panels: {layout.left_out} Select cells with where")
    panels = [
        replace(panel, cells={numbers[index]: curve for index, curve in panel.cells.items()}) for panel in layout.panels
    ]
    return replace(layout, panels=tuple(panels))


def _grid(
    layout: PanelLayout, legend: Sequence[LegendEntry], size: tuple[float, float] | None
) -> tuple[Figure, list[Axes]]:
    """Make a figure with one subplot per panel and the legend above them, where it covers nothing."""
    width = size[0] if size else PANEL[0] * layout.columns + 0.6
    labels = [name for name, _ in legend]
    font_size, columns, legend_height = LEGEND_SIZES[0], 1, 0.0
    for font_size in LEGEND_SIZES:
        columns = _legend_columns(labels, width, font_size)
        legend_height = LINE * font_size / POINTS * -(-len(labels) // columns)
        if size is None or legend_height <= MAX_LEGEND * size[1]:
            break
    else:
        raise InputError(
            f"size {width:g}x{size[1] if size else 0:g}: the legend of {len(labels)} entries leaves no room; select "
            "cells with where, set panels, or enlarge the figure"
        )
    height = size[1] if size else PANEL[1] * layout.rows + legend_height + 0.5
    figure = PaperFigure(figsize=(width, height), layout="constrained")
    subplots = list(figure.subplots(layout.rows, layout.columns, squeeze=False, sharex=True, sharey=True).ravel())
    title_size = float(rcParams["axes.titlesize"])
    characters = int(POINTS * width / layout.columns / (CHARACTER * title_size))
    for ax, panel in zip(subplots, layout.panels, strict=False):
        ax.set_title("\n".join(wrap(part, characters) for part in panel.title.splitlines()), fontsize=title_size)
    for ax in subplots[len(layout.panels) :]:
        ax.set_visible(False)
    for ax in subplots[max(0, len(layout.panels) - layout.columns) : len(layout.panels)]:
        ax.tick_params(labelbottom=True)
    set_generation_axis(subplots[0])
    figure.legend(
        [handle for _, handle in legend], labels, loc="outside upper center", frameon=False, ncols=columns,
        fontsize=font_size, columnspacing=SPACING, handlelength=2.0, handletextpad=0.6, labelspacing=0.25,
        borderaxespad=0.1, borderpad=0.1,
    )  # fmt: skip
    return figure, subplots[: len(layout.panels)]


def _legend_columns(labels: Sequence[str], width: float, font_size: float) -> int:
    """Return the number of legend columns that fit into a width in inches, by the longest label."""
    longest = max(_text_width(text, font_size) for text in labels)
    column = longest + (HANDLE + SPACING) * font_size
    return max(1, min(len(labels), int((POINTS * width + SPACING * font_size) / column)))


def _text_width(text: str, font_size: float) -> float:
    """Return the width of a text in points."""
    path = TextPath((0, 0), text or " ", size=font_size, usetex=bool(rcParams["text.usetex"]))
    return float(path.get_extents().width) if len(path.vertices) else 0.0


def _check_labels(sweep: Sweep, usetex: bool) -> None:
    """Raise InputError for a label with a formula that matplotlib does not understand."""
    if usetex:
        return
    parser: Any = MathTextParser("path")
    for name, text in sweep.labels.items():
        try:
            parser.parse(text)
        except ValueError:
            raise sweep.error(f"labels.{name}", f"matplotlib cannot read the formula {text}") from None
