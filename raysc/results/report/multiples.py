"""Small multiples: panels with equal axes, and a legend above them."""

from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D

from raysc.results.plots.style import generations_axis
from raysc.results.report.layout import Curve, Layout, wrapped

PANEL_WIDTH, PANEL_HEIGHT = 2.35, 1.9
LEFT, FOOT = 0.95, 0.5
"""Inches, as all lengths here."""
TITLE = 34
"""Characters that a panel has room for."""

Entry = tuple[str, Artist]


def entries(curves: Sequence[Curve], others: Sequence[Entry] = ()) -> list[Entry]:
    """What the legend names: curves, then others."""
    own = [
        (curve.label, Line2D([], [], color=curve.colour, ls=curve.dashes, marker=curve.marker, ms=4, lw=1.5))
        for curve in curves
    ]
    return [*own, *others]


def small_multiples(plan: Layout, named: Sequence[Entry], equal: bool = True) -> tuple[Drawing, list[Axes]]:
    """A figure with a panel for each of the layout's, over generations; use it within ``style``.

    Args:
        plan: which panels.
        named: the legend, above the panels at the left, where a narrow screen shows it first.
        equal: all panels have one y axis; else each has its own.
    """
    titles = ["\n".join(wrapped(line, TITLE) for line in panel.title.splitlines()) for panel in plan.panels]
    title_lines = max(title.count("\n") + 1 if title else 0 for title in titles)
    width = LEFT + 0.1 + PANEL_WIDTH * plan.across
    columns = _columns([name for name, _ in named], width)
    head, between = 0.12 + 0.19 * -(-len(named) // columns), 0.12 + 0.16 * title_lines
    height = head + FOOT + plan.down * (PANEL_HEIGHT + between)
    drawing = Drawing(figsize=(width, height))
    grid = drawing.add_gridspec(
        plan.down, plan.across,
        left=LEFT / width, right=1 - 0.1 / width, bottom=FOOT / height, top=1 - (head + between) / height,
        wspace=0.09 if equal else 0.25, hspace=between / PANEL_HEIGHT,
    )  # fmt: skip
    panels: list[Axes] = []
    for place, title in enumerate(titles):
        row, column = divmod(place, plan.across)
        first = panels[0] if panels else None
        axes = drawing.add_subplot(grid[row, column], sharex=first, sharey=first if equal else None)
        axes.set_title(title, pad=3)
        lowest = place + plan.across >= len(plan.panels)
        axes.tick_params(labelleft=column == 0 or not equal, labelbottom=lowest)
        if lowest:
            axes.set_xlabel("generation")
        panels.append(axes)
    generations_axis(panels[0])
    drawing.legend(
        [handle for _, handle in named], [name for name, _ in named], loc="upper left", frameon=False, ncols=columns,
        borderaxespad=0.2, columnspacing=1.2, handlelength=2.6,
    )  # fmt: skip
    return drawing, panels


def _columns(names: Sequence[str], width: float) -> int:
    """As many as fit, by the longest name; a character takes about 0.075 inches."""
    return max(1, int(width / (0.6 + 0.075 * max(len(name) for name in names))))
