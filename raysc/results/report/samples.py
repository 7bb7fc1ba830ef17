"""Samples across generations, drawn from the same latents: what the numbers look like."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from raysc.models.family import OfText
from raysc.planning.resolved import Line
from raysc.results.plots.sample_grid import drawn_rows, samples_figure
from raysc.results.plots.style import style
from raysc.results.plots.subset import spread
from raysc.results.report.figure import Figure, finish
from raysc.results.report.layout import is_control
from raysc.store.objects import Objects
from raysc.sweepfile.sweep import Sweep

MOST_CELLS = 10
GENERATIONS = 5
IMAGES = 9
"""Of a panel."""


def samples(sweep: Sweep, lines: Sequence[Line], table: pd.DataFrame, objects: Objects) -> Figure:
    """A row of panels per cell, a column per generation; of many cells some, controls first.

    Args:
        sweep: what was asked.
        lines: its cells.
        table: the tidy table, not empty; cells and the seed that it holds are drawn.
        objects: the store.
    """
    found = set(table["cell"].unique())
    there = [line for line in lines if line.number in found]
    others = [line for line in there if not is_control(line.cell)]
    controls = [line for line in there if is_control(line.cell)]
    cells = [*spread(controls, 2), *spread(others, MOST_CELLS - 2)] if len(there) > MOST_CELLS else there
    generations = spread(sorted(int(t) for t in table["generation"].unique()), GENERATIONS)
    seed = int(table["seed"].iloc[0])
    drawn = drawn_rows(cells, generations, seed, objects, IMAGES)
    left_out = f" Drawn are {len(cells)} of {len(lines)} cells, evenly chosen." if len(cells) < len(lines) else ""
    what = {"images": "images", "points": "points, over real ones in grey", "text": "text"}[cells[0].data.kind]
    caption = (
        f"Rows of seed {seed}: the first {what} of each generation, from the same latents in every panel. Grey panels: "
        f"not run yet, or diverged.{left_out}"
    )
    alt = (
        f"Grid of samples: {len(cells)} cells below each other, generations {', '.join(map(str, generations))} side by "
        f"side; {sum(rows is None for rows in drawn.values())} panels are empty."
    )
    with style("samples"):
        drawing = samples_figure(sweep, cells, generations, drawn)
        return finish(drawing, "samples", "Samples across generations", caption, alt, _numbers(cells, seed, drawn))


def _numbers(cells: Sequence[Line], seed: int, drawn: Mapping[tuple[int, int], np.ndarray | None]) -> pd.DataFrame:
    """A row for each drawn row: where it is from; of points their coordinates too, of text what they say."""
    by_number = {line.number: line for line in cells}
    parts = []
    for (cell, t), rows in drawn.items():
        if rows is None:
            continue
        line = by_number[cell]
        told = pd.DataFrame({"cell": cell, "seed": seed, "generation": t, "row": range(len(rows))})
        told["lineage"] = line.keys.zero.rows if t == 0 and line.keys.zero is not None else line.keys.lineage
        if isinstance(line.family, OfText):
            told["text"] = line.family.texts(rows)
        elif rows.ndim == 2:
            told = told.join(pd.DataFrame(rows, columns=[f"x{place}" for place in range(rows.shape[1])]))
        parts.append(told)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"cell": [], "generation": []})
