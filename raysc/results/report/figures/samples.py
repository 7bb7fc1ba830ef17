"""Samples across generations, drawn from the same latents."""

from collections.abc import Sequence

import pandas as pd

from raysc.models.family import SupportsText
from raysc.planning.resolved import ResolvedCell
from raysc.results.plots.sample_grid import Samples, read_samples, sample_grid
from raysc.results.plots.style import style
from raysc.results.plots.subset import evenly_spaced, subset_sentence
from raysc.results.report.figures.panel_layout import is_control
from raysc.results.report.figures.rendering import ReportFigure, render
from raysc.seeds import seed_text
from raysc.store.objects import Objects
from raysc.sweepfile.sweep import Sweep

MAX_CELLS = 10
"""Rows of the grid."""
MAX_CONTROLS = 2
"""Rows of the grid with a control, where there is no room for all cells."""
MAX_GENERATIONS = 5
"""Columns of the grid."""
IMAGES = 9
"""Images in a panel."""


def samples_figure(sweep: Sweep, cells: Sequence[ResolvedCell], table: pd.DataFrame, objects: Objects) -> ReportFigure:
    """Return the grid of samples: one row per cell, one column per generation.

    Args:
        sweep: the sweep.
        cells: of the sweep. Of many cells a subset is drawn, controls first.
        table: the tidy table, not empty. Its cells and its first seed are drawn.
        objects: the store.
    """
    shown = _subset(cells, {int(number) for number in table["cell"].unique()})
    generations = evenly_spaced(sorted(int(t) for t in table["generation"].unique()), MAX_GENERATIONS)
    seed = int(table["seed"].iloc[0])
    samples = read_samples(shown, generations, seed, objects, IMAGES)
    kind = shown[0].data.kind
    real = " Real rows are grey." if kind == "points" else ""
    left_out = subset_sentence(len(shown), len(cells), "cells, evenly spaced")
    caption = (
        f"First {kind} of each generation of seed {seed_text(seed)}, drawn from the same latents in every panel.{real} "
        f"In a grey panel the generation has not run yet, or the model diverged.{left_out}"
    )
    alt = (
        f"Grid of samples: {len(shown)} cells as rows, generations {', '.join(map(str, generations))} as columns; "
        f"{sum(panel is None for panel in samples.values())} panels are empty."
    )
    with style("samples"):
        figure = sample_grid(sweep, shown, generations, samples)
        numbers = _numbers(shown, seed, samples)
        return render(figure, "samples", "Samples across generations", caption, alt, numbers)


def _subset(cells: Sequence[ResolvedCell], measured: set[int]) -> list[ResolvedCell]:
    """Return at most ``MAX_CELLS`` of the cells with results; ``measured``: their numbers."""
    candidates = [cell for cell in cells if cell.number in measured]
    if len(candidates) <= MAX_CELLS:
        return candidates
    controls = [cell for cell in candidates if is_control(cell.settings)]
    generated = [cell for cell in candidates if not is_control(cell.settings)]
    return [*evenly_spaced(controls, MAX_CONTROLS), *evenly_spaced(generated, MAX_CELLS - MAX_CONTROLS)]


def _numbers(cells: Sequence[ResolvedCell], seed: int, samples: Samples) -> pd.DataFrame:
    """Return one row per drawn sample: its address, and the coordinates of a point or the characters of a text."""
    by_number = {cell.number: cell for cell in cells}
    parts = []
    for (number, t), rows in samples.items():
        if rows is None:
            continue
        cell = by_number[number]
        part = pd.DataFrame({"cell": number, "seed": seed, "generation": t, "row": range(len(rows))})
        generation_zero = cell.keys.generation_zero
        part["lineage"] = generation_zero.rows if t == 0 and generation_zero is not None else cell.keys.lineage
        if isinstance(cell.family, SupportsText):
            part["text"] = cell.family.texts(rows)
        elif rows.ndim == 2:
            part = part.join(pd.DataFrame(rows, columns=[f"x{index}" for index in range(rows.shape[1])]))
        parts.append(part)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"cell": [], "generation": []})
