"""The stability map: over lambda and initial quality, the damage at the last generation, and whether it grows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from raysc.metrics.core.metric import Column
from raysc.planning.resolved import Line
from raysc.results.plots.style import DIVERGING, style
from raysc.results.plots.subset import spread
from raysc.results.report.figure import Figure, finish
from raysc.results.report.layout import brief, few_of, label, regime_axes, values_of
from raysc.results.table.stability import Boundary, Stability, boundary, tabulated
from raysc.results.table.table import varying_axes

MOST_PANELS = 12
MOST_ACROSS = 4
CLOSE = 0.16
"""Share of a panel's height: where two points of one lambda are closer, their numbers would lie on each other."""
WIDTH, HEIGHT = 2.9, 2.6
"""Inches of a panel."""


@dataclass(frozen=True)
class Quantity:
    """What the colour of a map tells.

    Attributes:
        name: of the figure's files.
        title: of the figure.
        scale: of the colour bar.
        value: of a cell; NaN if there is none.
        text: beside its point.
    """

    name: str
    title: str
    scale: str
    value: Callable[[Stability], float]
    text: Callable[[Stability], str]


def maps(found: Sequence[Stability], lines: Sequence[Line], column: Column) -> list[Figure]:
    """The map of the excess, and that of its slope where there is one.

    Args:
        found: from ``stability``; cells without a lambda or an initial quality are left out.
        lines: of the sweep.
        column: the metric of excess and initial quality.
    """
    there = [one for one in found if lines[one.cell].cell.lambda_ is not None and isfinite(one.initial_quality)]
    if not there:
        return []
    ratio = "log ratio to the control" if column.scale == "log" else "difference from the control"
    excess = Quantity(
        "stability-excess",
        f"Damage at the last generation: {column.name}",
        f"excess, {ratio} (above 0 is worse)",
        lambda one: one.excess.mean,
        lambda one: f"{one.excess.mean:+.2f}",
    )
    slope = Quantity(
        "stability-slope",
        f"Growth of the damage per generation: {column.name}",
        "slope of the excess per generation",
        lambda one: one.slope.mean,
        lambda one: _life(one) if column.scale == "log" else f"{one.slope.mean:+.2g}",
    )
    return [_map(there, lines, one) for one in (excess, slope) if any(isfinite(one.value(cell)) for cell in there)]


def _life(one: Stability) -> str:
    """``x2 in 3.1``: the ratio doubles in 3.1 generations; ``±`` where the interval of the slope holds 0.

    Nothing where there is no interval.
    """
    if not isfinite(one.slope.low):
        return ""
    life = one.half_life[0]
    return "±" if not isfinite(life) else f"{'x2' if one.slope.mean > 0 else '÷2'} in {life:.3g}"


def _map(found: Sequence[Stability], lines: Sequence[Line], quantity: Quantity) -> Figure:
    cells = [line.cell for line in lines]
    between = [*_panel_axes(lines), *regime_axes(cells)]
    groups: dict[tuple[object, ...], list[Stability]] = {}
    for one in found:
        groups.setdefault(values_of(cells[one.cell], between), []).append(one)
    drawn = [key for key in few_of(list(groups), MOST_PANELS) if key in groups]
    values = np.array([quantity.value(one) for key in drawn for one in groups[key]])
    reach = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 0.0
    norm = Normalize(-(reach or 1.0), reach or 1.0)
    regimes = len({key[len(_panel_axes(lines)) :] for key in drawn})
    across = regimes if 1 < regimes <= MOST_ACROSS else min(3, len(drawn))
    down = -(-len(drawn) // across)
    with style(quantity.name):
        drawing = Drawing(
            figsize=(0.75 + (WIDTH + 0.15) * across + 1.0, 0.75 + (HEIGHT + 0.3) * down), layout="constrained"
        )
        axes = drawing.subplots(down, across, squeeze=False, sharex=True, sharey=True).ravel()
        positions = sorted({float(cells[one.cell].lambda_ or 0) for one in found})
        for panel, key in zip(axes, drawn, strict=False):
            panel.set_title(brief(label(between, key)))
            _points(panel, groups[key], lines, quantity, norm)
            if (line := boundary(lines[groups[key][0].cell])) is not None:
                _line(panel, line)
        for panel in axes[len(drawn) :]:
            panel.set_visible(False)
        _lambda_axis(axes[0], positions)
        _room(axes[0], [one.initial_quality for one in found])
        drawing.supxlabel("lambda, synthetic rows per real row", fontsize=9)
        drawing.supylabel("initial quality (0: as good as real rows; higher is worse)", fontsize=9)
        colours = ScalarMappable(norm, colormaps[DIVERGING])
        drawing.colorbar(colours, ax=list(axes), label=quantity.scale, fraction=0.03, aspect=30)
        left = f" Drawn are {len(drawn)} of {len(groups)} panels." if len(drawn) < len(groups) else ""
        return finish(
            drawing, quantity.name, quantity.title, _caption(found, lines, quantity) + left,
            _alt(found, lines, quantity), tabulated(found, lines),
        )  # fmt: skip


def _panel_axes(lines: Sequence[Line]) -> list[str]:
    """Axes under ``data`` or ``model``: another problem. All others are told by the initial quality that they give."""
    axes = varying_axes([line.cell for line in lines])
    return [name for name in axes if name.partition(".")[0] in ("data", "model")]


def _points(
    panel: Axes, found: Sequence[Stability], lines: Sequence[Line], quantity: Quantity, norm: Normalize
) -> None:
    places = np.array([(float(lines[one.cell].cell.lambda_ or 0), one.initial_quality) for one in found])
    values = np.array([quantity.value(one) for one in found])
    known = np.isfinite(values)
    crossed = np.array([one.diverged > 0 for one in found]) | ~known
    x, y = places.T
    panel.scatter(
        x[known], y[known], 110, values[known], norm=norm, cmap=DIVERGING, marker="s", edgecolors="0.2", linewidths=0.7
    )
    panel.scatter(x[crossed], y[crossed], 60, "black", marker="x", zorder=3)
    if _apart(found, lines):
        for one, place, there in zip(found, places, known, strict=True):
            text = quantity.text(one) if there else f"{one.diverged} of {one.seeds} diverged"
            panel.annotate(text, tuple(place), (0, -8), textcoords="offset points", ha="center", va="top", fontsize=7)


def _line(panel: Axes, line: Boundary) -> None:
    panel.axvline(line.lambda_, color="black", lw=1, ls="-" if line.known else (0, (1, 1.5)))
    text = "theory: stable on the left" if line.known else "1/2: at best sufficient"
    panel.annotate(
        text, (line.lambda_, 0), (3, 3), xycoords=("data", "axes fraction"), textcoords="offset points",
        ha="left", va="bottom", fontsize=7,
    )  # fmt: skip


def _apart(found: Sequence[Stability], lines: Sequence[Line]) -> bool:
    """Whether there is room for each point's number below it."""
    qualities: dict[float | None, list[float]] = {}
    for one in found:
        qualities.setdefault(lines[one.cell].cell.lambda_, []).append(one.initial_quality)
    height = max(one.initial_quality for one in found) - min(one.initial_quality for one in found)
    steps = [step for values in qualities.values() for step in np.diff(sorted(values))]
    return not steps or min(steps) > CLOSE * height


def _lambda_axis(panel: Axes, positions: Sequence[float]) -> None:
    """Logarithmic where lambdas lie decades apart; ticks at the lambdas that there are."""
    if positions[0] > 0 and positions[-1] / positions[0] >= 4:
        panel.set_xscale("log")
        panel.set_xlim(min(positions[0], 0.5) / 1.6, max(positions[-1], 0.5) * 1.6)
    else:
        margin = 0.25 * max(positions[-1] - positions[0], 0.5)
        panel.set_xlim(min(positions[0], 0.5) - margin, max(positions[-1], 0.5) + margin)
    panel.xaxis.set_major_locator(FixedLocator(spread(positions, 8)))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.xaxis.set_minor_locator(NullLocator())


def _room(panel: Axes, values: Sequence[float]) -> None:
    """Room below the lowest point for its number."""
    height = (max(values) - min(values)) or 1.0
    panel.set_ylim(min(values) - 0.25 * height, max(values) + 0.15 * height)


def _known(found: Sequence[Stability], lines: Sequence[Line]) -> Literal["", "known", "unknown"]:
    there = [line for one in found if (line := boundary(lines[one.cell])) is not None]
    return "" if not there else "known" if all(line.known for line in there) else "unknown"


def _caption(found: Sequence[Stability], lines: Sequence[Line], quantity: Quantity) -> str:
    seeds = sorted({one.seeds for one in found})
    count = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    told = [
        "Each square is a cell, compared with the control of the same seed, initial quality, generation and budget; "
        f"mean over {count} distinct seed{'s' * (count != '1')}, paired. Purple is better than the control, orange "
        "worse; the CSV file has the numbers with their 95 % intervals."
    ]
    if quantity.name.endswith("slope"):
        told.append(
            "Slopes are of generations 1 to the last. Beside a square: in how many generations the ratio to the "
            "control doubles (x2) or halves (÷2); ± where the 95 % interval of the slope holds 0."
        )
    if any(one.diverged for one in found):
        told.append("A cross: seeds diverged, which have no number, so that the cell is worse than its colour.")
    told.append(
        {
            "": "The theorem on stability speaks of mix alone: there is no line for these regimes.",
            "known": "The line at lambda = 1/2: theorem 1 of Bertrand et al. 2023 with eps = 0, since the family holds "
            "the data's distribution; beyond it the theorem predicts nothing.",
            "unknown": "The dotted line at lambda = 1/2 is at best a sufficient condition for the stability of mix "
            "(Bertrand et al. 2023, theorem 1, if eps were 0); beyond it the theorem predicts nothing.",
        }[_known(found, lines)]
    )
    return " ".join(told)


def _alt(found: Sequence[Stability], lines: Sequence[Line], quantity: Quantity) -> str:
    told = sorted((one for one in found if isfinite(quantity.value(one))), key=quantity.value)
    ends = [(word, one) for word, one in (("lowest", told[0]), ("highest", told[-1]))]
    texts = [
        f"{word} {quantity.value(one):.3g} for {label(list(axes), list(axes.values()))}"
        for word, one in ends
        for axes in [lines[one.cell].cell.axes]
    ]
    return f"Map of {len(found)} cells over lambda and initial quality; {quantity.scale}: {'; '.join(texts)}."
