"""Pictures: rows across generations, and curves of the first metric."""

import io
from collections.abc import Sequence
from math import ceil, sqrt

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from raysc.metrics.metric import Column
from raysc.plan import Line
from raysc.results.rows import sampled_rows
from raysc.results.statistics import half_width
from raysc.results.table import main_columns, varying_axes
from raysc.store.objects import Objects
from raysc.sweepfile.sweep import Sweep

matplotlib.use("Agg")


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
    sweep: Sweep, lines: Sequence[Line], generations: Sequence[int], seed: int, objects: Objects, count: int = 9
) -> bytes:
    """A PNG: a row of panels per cell, a column per generation; the first ``count`` rows, the same latents all over.

    Images are shown as a small grid, points as a scatter over the real rows; grey where there are none, because the
    model diverged or was not run yet.
    """
    lines = sorted(lines, key=lambda line: _reading_order(sweep, line))
    figure = Figure(figsize=(1.3 + 1.3 * len(generations), 1.35 * len(lines) + 0.4), dpi=110)
    panels = figure.subplots(len(lines), len(generations), squeeze=False)
    for row, line in enumerate(lines):
        for column, generation in enumerate(generations):
            panel: Axes = panels[row][column]
            panel.set_xticks([])
            panel.set_yticks([])
            if row == 0:
                panel.set_title(f"generation {generation}" if column == 0 else str(generation), fontsize=8)
            if column == 0:
                panel.set_ylabel(label(sweep, line), fontsize=7, rotation=0, ha="right", va="center")
            rows = sampled_rows(line, seed, generation, objects, count if line.data.kind == "images" else 500)
            if rows is None:
                panel.set_facecolor("0.9")
            elif line.data.kind == "images":
                panel.imshow(mosaic(rows), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            else:
                _scatter(panel, line.data.test()[:500], rows)
    figure.subplots_adjust(wspace=0.08, hspace=0.1)
    return _png(figure)


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
    """Images uint8 (count, channels, height, width) side by side, (H, W) or (H, W, 3), padded white."""
    count, channels, height, width = images.shape
    across = ceil(sqrt(count))
    down = ceil(count / across)
    canvas = np.full((down * (height + 1) - 1, across * (width + 1) - 1, channels), 255, np.uint8)
    for index, image in enumerate(images):
        top, left = index // across * (height + 1), index % across * (width + 1)
        canvas[top : top + height, left : left + width] = image.transpose(1, 2, 0)
    return canvas[..., 0] if channels == 1 else canvas


def curves_picture(sweep: Sweep, table: pd.DataFrame) -> bytes:
    """A PNG of the first metric by generation: a line per regime and lambda, 95 % intervals over seeds, the floor."""
    column = main_columns(sweep)[0]
    others = [name for name in varying_axes(sweep.cells) if name not in ("regime", "lambda")]
    groups = [((), table)] if not others else list(table.groupby(others, dropna=False))
    figure = Figure(figsize=(4.2 * len(groups) + 1.6, 3.4), dpi=110)
    panels = figure.subplots(1, len(groups), squeeze=False, sharey=True)[0]
    for panel, (values, part) in zip(panels, groups, strict=True):
        _curves(panel, part, column)
        panel.set_title(", ".join(f"{name} = {value}" for name, value in zip(others, values, strict=True)), fontsize=9)
        panel.set_xlabel("generation")
    panels[0].set_ylabel(f"{column.name} ({column.better} is better)")
    panels[-1].legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    figure.tight_layout()
    return _png(figure)


def _curves(panel: Axes, part: pd.DataFrame, column: Column) -> None:
    for _, own in part.groupby(["regime", "lambda"], dropna=False, sort=False):
        regime, lambda_ = own["regime"].iloc[0], float(own["lambda"].iloc[0])
        by_generation = own.groupby("generation")[column.name]
        mean, half = by_generation.mean(), by_generation.apply(half_width).fillna(0.0)
        name = str(regime) if np.isnan(lambda_) else f"{regime}, lambda {lambda_:g}"
        (line,) = panel.plot(mean.index, mean.to_numpy(), marker="o", ms=3, lw=1.3, label=name)
        panel.fill_between(mean.index, mean - half, mean + half, color=line.get_color(), alpha=0.2, lw=0)
    floor = part.get(f"{column.name}_floor")
    if floor is not None:
        panel.axhline(float(floor.mean()), color="0.4", ls="--", lw=1, label="real against real")
    if column.scale == "log" and (part[column.name] > 0).any():
        panel.set_yscale("log")
    panel.grid(alpha=0.3)


def _scatter(panel: Axes, real: np.ndarray, rows: np.ndarray) -> None:
    second = min(1, rows.shape[1] - 1)
    panel.scatter(real[:, 0], real[:, second], s=1, color="0.75")
    panel.scatter(rows[:, 0], rows[:, second], s=1, color="C0")


def _png(figure: Figure) -> bytes:
    sink = io.BytesIO()
    figure.savefig(sink, format="png", bbox_inches="tight")
    return sink.getvalue()
