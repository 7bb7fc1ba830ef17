"""Grids of samples: one row per cell, one column per generation."""

import io
import textwrap
from collections.abc import Mapping, Sequence
from math import ceil, sqrt

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from raysc.models.family import SupportsText
from raysc.planning.resolved import ResolvedCell
from raysc.results.plots.labels import setting_texts
from raysc.results.plots.style import style
from raysc.results.samples.sampled_rows import sampled_rows
from raysc.results.table.table import varying_axes
from raysc.store.objects import Objects
from raysc.sweepfile.sweep import Sweep

POINTS = 500
"""Rows of points in a panel."""
PANEL_WIDTH, PANEL_HEIGHT = 1.3, 1.35
"""Size of a panel, in inches."""
TEXT_PANEL_WIDTH = 2.4
"""Width of a panel that shows text, in inches."""
PANEL_GAP = 0.1
"""Distance between two panels of images, in inches."""
LABEL_WIDTH = 1.4
"""Width of the cells' labels at the left of the panels, in inches."""
LABEL_CHARACTERS = 22
"""Characters in a line of such a label."""

Samples = Mapping[tuple[int, int], np.ndarray | None]
"""(number of the cell, generation) -> the rows of a panel; None if there are none."""


def row_label(sweep: Sweep, cell: ResolvedCell) -> str:
    """Return the varying settings of a cell, one per line."""
    axes = cell.settings.axes
    names = ["regime", *(name for name in varying_axes(sweep.cells) if name != "regime")]
    return "\n".join(setting_texts(names, [axes[name] for name in names], digits=6))


def read_samples(
    cells: Sequence[ResolvedCell], generations: Sequence[int], seed: int, objects: Objects, images: int
) -> dict[tuple[int, int], np.ndarray | None]:
    """Read the rows of each panel: ``images`` images, ``POINTS`` points, or one text.

    Returns:
        (number of the cell, generation) -> rows; None for a generation that has not run or that diverged.
    """
    counts = {"images": images, "points": POINTS, "text": 1}
    return {
        (cell.number, t): sampled_rows(cell, seed, t, objects, counts[cell.data.kind])
        for cell in cells
        for t in generations
    }


def sample_grid_png(sweep: Sweep, cells: Sequence[ResolvedCell], generations: Sequence[int], samples: Samples) -> bytes:
    """Draw the grid of samples as a PNG. Arguments are those of ``sample_grid``."""
    with style():
        figure = sample_grid(sweep, cells, generations, samples)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", bbox_inches="tight")
    return buffer.getvalue()


def sample_grid(sweep: Sweep, cells: Sequence[ResolvedCell], generations: Sequence[int], samples: Samples) -> Figure:
    """Draw the first samples of each generation, from the same latents in every panel; to be called within ``style``.

    Images are shown as a mosaic, points as a scatter plot over real rows, text as the first row. A panel without
    samples is grey.

    Args:
        sweep: the sweep.
        cells: the rows of the grid; drawn in the order of the sweep.
        generations: the columns of the grid.
        samples: from ``read_samples``.
    """
    cells = sorted(cells, key=lambda cell: cell.number)
    panel_width = TEXT_PANEL_WIDTH if any(cell.data.kind == "text" for cell in cells) else PANEL_WIDTH
    width, height = LABEL_WIDTH + 0.05 + panel_width * len(generations), PANEL_HEIGHT * len(cells) + 0.4
    figure = Figure(figsize=(width, height), dpi=110)
    margins = {"left": LABEL_WIDTH / width, "right": 1 - 0.05 / width, "top": 1 - 0.3 / height, "bottom": 0.05 / height}
    names = [_wrap_label(row_label(sweep, cell)) for cell in cells]
    titles = [f"generation {t}" if column == 0 else str(t) for column, t in enumerate(generations)]
    panels = [[samples[cell.number, t] for t in generations] for cell in cells]
    if all(cell.data.kind == "images" for cell in cells):
        _draw_images(figure.subplots(gridspec_kw=margins), panels, names, titles)
        return figure
    subplots = figure.subplots(
        len(cells), len(generations), squeeze=False, gridspec_kw={**margins, "wspace": 0.08, "hspace": 0.1}
    )
    for row, cell, name, row_panels in zip(subplots, cells, names, panels, strict=True):
        row[0].set_ylabel(name, fontsize=7, rotation=0, ha="right", va="center")
        for ax, rows in zip(row, row_panels, strict=True):
            _draw_panel(ax, cell, rows)
    for ax, title in zip(subplots[0], titles, strict=True):
        ax.set_title(title, fontsize=8)
    return figure


def _wrap_label(name: str) -> str:
    """Break the lines of a cell's label."""
    return "\n".join(textwrap.fill(text, LABEL_CHARACTERS) for text in name.splitlines())


def _draw_images(
    ax: Axes, panels: Sequence[Sequence[np.ndarray | None]], names: Sequence[str], titles: Sequence[str]
) -> None:
    """Draw panels of images on a single subplot, in inches; a subplot for each panel takes many times longer.

    Args:
        ax: the subplot, which fills the figure.
        panels: row -> panels with images uint8 (count, channels, height, width), or None.
        names: of the rows.
        titles: of the columns.
    """
    frames = []
    for row, row_panels in enumerate(panels):
        for column, images in enumerate(row_panels):
            centre = np.array([(column + 0.5) * PANEL_WIDTH, (row + 0.5) * PANEL_HEIGHT])
            size = np.array([PANEL_WIDTH, PANEL_HEIGHT]) - PANEL_GAP
            if images is not None:
                picture = mosaic(images)
                shape = np.array(picture.shape[1::-1])
                size = shape * (size / shape).min()
                (left, top), (right, bottom) = centre - size / 2, centre + size / 2
                extent = (left, right, bottom, top)
                ax.imshow(picture, "gray", vmin=0, vmax=255, interpolation="none", extent=extent)
            colour = "0.9" if images is None else "none"
            frames.append(Rectangle(tuple(centre - size / 2), *size, fc=colour, ec="black", lw=0.8))
    ax.add_collection(PatchCollection(frames, match_original=True))
    ax.set(xlim=(0, len(titles) * PANEL_WIDTH), ylim=(len(names) * PANEL_HEIGHT, 0), frame_on=False)
    ax.grid(False)
    ax.xaxis.tick_top()
    ax.set_xticks((np.arange(len(titles)) + 0.5) * PANEL_WIDTH, titles, fontsize=8)
    ax.set_yticks((np.arange(len(names)) + 0.5) * PANEL_HEIGHT, names, fontsize=7)
    ax.tick_params(length=0, pad=1)


def _draw_panel(ax: Axes, cell: ResolvedCell, rows: np.ndarray | None) -> None:
    """Draw the samples of one cell at one generation."""
    ax.grid(False)
    ax.spines[["top", "right"]].set_visible(True)
    ax.set_xticks([])
    ax.set_yticks([])
    if rows is None:
        ax.set_facecolor("0.9")
    elif cell.data.kind == "images":
        ax.imshow(mosaic(rows), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    elif isinstance(cell.family, SupportsText):
        _draw_text(ax, cell.family.texts(rows)[0])
    else:
        _draw_points(ax, cell.data.test()[:POINTS], rows)


def _draw_text(ax: Axes, text: str) -> None:
    """Draw the beginning of a text: as much as fits into the panel."""
    lines = textwrap.wrap(text, 44)[:12]
    ax.text(0.03, 0.96, "\n".join(lines), fontsize=5, va="top", transform=ax.transAxes)


def _draw_points(ax: Axes, real: np.ndarray, rows: np.ndarray) -> None:
    """Draw rows (count, dim) over real rows: the first two coordinates, or a histogram if dim is 1.

    All panels have the same limits, 1.5 times the range of the real rows, so that shrinking and drift are visible.
    """
    middle, reach = (real.max(axis=0) + real.min(axis=0)) / 2, 0.75 * np.ptp(real, axis=0)
    ax.set_xlim(middle[0] - reach[0], middle[0] + reach[0])
    if real.shape[1] == 1:
        bins = np.linspace(*ax.get_xlim(), 40).tolist()
        ax.hist(real[:, 0], bins, density=True, color="0.8")
        ax.hist(rows[:, 0], bins, density=True, histtype="step", color="C0")
        return
    ax.set_ylim(middle[1] - reach[1], middle[1] + reach[1])
    ax.scatter(real[:, 0], real[:, 1], s=1, color="0.75", rasterized=True)
    ax.scatter(rows[:, 0], rows[:, 1], s=1, color="C0", rasterized=True)


def mosaic(images: np.ndarray) -> np.ndarray:
    """Arrange images in a grid with black lines between them.

    Args:
        images: uint8 (count, channels, height, width).

    Returns:
        uint8 (H, W) for one channel, else (H, W, channels).
    """
    count, channels, height, width = images.shape
    columns = ceil(sqrt(count))
    rows = ceil(count / columns)
    canvas = np.zeros((rows * (height + 1) - 1, columns * (width + 1) - 1, channels), np.uint8)
    for index, image in enumerate(images):
        top, left = index // columns * (height + 1), index % columns * (width + 1)
        canvas[top : top + height, left : left + width] = image.transpose(1, 2, 0)
    return canvas[..., 0] if channels == 1 else canvas
