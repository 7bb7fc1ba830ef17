"""A picture of rows: cells below each other, generations side by side."""

import io
import textwrap
from collections.abc import Mapping, Sequence
from math import ceil, sqrt

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from raysc.models.family import OfText
from raysc.planning.resolved import Line
from raysc.results.plots.style import style
from raysc.results.samples.sampled_rows import sampled_rows
from raysc.results.table.table import varying_axes
from raysc.store.objects import Objects
from raysc.sweepfile.sweep import Sweep

POINTS = 500
"""Rows of points that a panel shows."""
TEXT_WIDTH = 2.4
"""Inches of a panel that shows a text."""
LABEL_WIDTH = 1.4
"""Inches left of the panels, for the cells' names."""
LABEL_LINE = 22
"""Characters that they have room for."""


def label(sweep: Sweep, line: Line) -> str:
    """A cell by its axes that vary."""
    axes = line.cell.axes
    told = [str(axes["regime"])] + [
        f"{name} {axes[name]:g}" if isinstance(axes[name], float) else f"{name} {axes[name]}"
        for name in varying_axes(sweep.cells)
        if name != "regime" and axes[name] is not None
    ]
    return "\n".join(told)


def samples_picture(
    sweep: Sweep, lines: Sequence[Line], generations: Sequence[int], drawn: Mapping[tuple[int, int], np.ndarray | None]
) -> bytes:
    """A PNG: a row of panels per cell, a column per generation; the first rows, from the same latents all over.

    Images are shown as a small grid, points as a scatter over the real rows, of text the first row; grey where there
    are none, because the model diverged or was not run yet. Arguments are those of ``samples_figure``.
    """
    with style():
        figure = samples_figure(sweep, lines, generations, drawn)
        sink = io.BytesIO()
        figure.savefig(sink, format="png", bbox_inches="tight")
    return sink.getvalue()


def drawn_rows(
    lines: Sequence[Line], generations: Sequence[int], seed: int, objects: Objects, count: int
) -> dict[tuple[int, int], np.ndarray | None]:
    """(cell, generation) -> the rows that a panel shows: images, ``POINTS`` points, a text; None if there are none."""
    shown = {"images": count, "points": POINTS, "text": 1}
    return {
        (line.number, t): sampled_rows(line, seed, t, objects, shown[line.data.kind])
        for line in lines
        for t in generations
    }


def samples_figure(
    sweep: Sweep,
    lines: Sequence[Line],
    generations: Sequence[int],
    drawn: Mapping[tuple[int, int], np.ndarray | None],
) -> Figure:
    """The same as a figure; draw and save it within ``style``.

    Args:
        sweep: what was asked.
        lines: cells, one below the other in reading order.
        generations: columns.
        drawn: from ``drawn_rows``.
    """
    lines = sorted(lines, key=lambda line: _reading_order(sweep, line))
    panel_width = TEXT_WIDTH if any(line.data.kind == "text" for line in lines) else 1.3
    width, height = LABEL_WIDTH + 0.05 + panel_width * len(generations), 1.35 * len(lines) + 0.4
    figure = Figure(figsize=(width, height), dpi=110)
    panels = figure.subplots(len(lines), len(generations), squeeze=False)
    for row, line in enumerate(lines):
        for column, generation in enumerate(generations):
            panel: Axes = panels[row][column]
            panel.grid(False)
            panel.spines[["top", "right"]].set_visible(True)
            panel.set_xticks([])
            panel.set_yticks([])
            if row == 0:
                panel.set_title(f"generation {generation}" if column == 0 else str(generation), fontsize=8)
            if column == 0:
                name = "\n".join(textwrap.fill(told, LABEL_LINE) for told in label(sweep, line).splitlines())
                panel.set_ylabel(name, fontsize=7, rotation=0, ha="right", va="center")
            rows = drawn[line.number, generation]
            if rows is None:
                panel.set_facecolor("0.9")
            elif line.data.kind == "images":
                panel.imshow(mosaic(rows), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            elif isinstance(line.family, OfText):
                _text(panel, line.family.texts(rows)[0])
            else:
                _points(panel, line.data.test()[:POINTS], rows)
    inside = {"left": LABEL_WIDTH / width, "right": 1 - 0.05 / width, "top": 1 - 0.3 / height, "bottom": 0.05 / height}
    figure.subplots_adjust(**inside, wspace=0.08, hspace=0.1)
    return figure


def _text(panel: Axes, text: str) -> None:
    """As much of a text as a panel holds, in small print."""
    shown = "\n".join(textwrap.wrap(text, 44)[:12])
    panel.text(0.03, 0.96, shown, fontsize=5, va="top", transform=panel.transAxes)


def _reading_order(sweep: Sweep, line: Line) -> list[tuple[bool, str, float]]:
    """Cells that differ in regime and lambda alone stand together, the control first."""
    axes = line.cell.axes
    others = [axes[name] for name in varying_axes(sweep.cells) if name not in ("regime", "lambda")]
    told = [*others, not line.cell.control, axes["regime"], axes["lambda"]]
    numbers = (bool, int, float)
    return [
        (v is None, "" if isinstance(v, numbers) else str(v), float(v) if isinstance(v, numbers) else 0.0) for v in told
    ]


def mosaic(images: np.ndarray) -> np.ndarray:
    """Images uint8 (count, channels, height, width) side by side, (H, W) or (H, W, 3), black between them."""
    count, channels, height, width = images.shape
    across = ceil(sqrt(count))
    down = ceil(count / across)
    canvas = np.zeros((down * (height + 1) - 1, across * (width + 1) - 1, channels), np.uint8)
    for index, image in enumerate(images):
        top, left = index // across * (height + 1), index % across * (width + 1)
        canvas[top : top + height, left : left + width] = image.transpose(1, 2, 0)
    return canvas[..., 0] if channels == 1 else canvas


def _points(panel: Axes, real: np.ndarray, rows: np.ndarray) -> None:
    """Rows (count, dim) over real ones: their first two coordinates, or a histogram where there is one alone.

    The frame is that of the real rows and half as much again, in every panel, so that shrinking and drifting show.
    """
    middle, reach = (real.max(axis=0) + real.min(axis=0)) / 2, 0.75 * np.ptp(real, axis=0)
    panel.set_xlim(middle[0] - reach[0], middle[0] + reach[0])
    if real.shape[1] == 1:
        bins = np.linspace(*panel.get_xlim(), 40).tolist()
        panel.hist(real[:, 0], bins, density=True, color="0.8")
        panel.hist(rows[:, 0], bins, density=True, histtype="step", color="C0")
        return
    panel.set_ylim(middle[1] - reach[1], middle[1] + reach[1])
    panel.scatter(real[:, 0], real[:, 1], s=1, color="0.75", rasterized=True)
    panel.scatter(rows[:, 0], rows[:, 1], s=1, color="C0", rasterized=True)
