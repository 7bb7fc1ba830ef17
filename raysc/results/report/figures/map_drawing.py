"""Drawing of a stability map: coloured squares over lambda and initial quality."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from matplotlib.transforms import offset_copy

from raysc.planning.resolved import ResolvedCell
from raysc.results.plots.labels import label, shorten
from raysc.results.plots.style import COLOURS, DIVERGING
from raysc.results.table.number_format import number_text
from raysc.results.table.stability import Stability, StabilityBoundary, stability_boundary

TEXT_SIZE = 0.15, 0.16
"""Width and height of a text with its square, as shares of the panel."""
WIDTH, HEIGHT = 2.9, 2.6
"""Size of a panel, in inches."""
MIN_TICK_DISTANCE = 0.14
"""Distance between two ticks of lambda, as a share of the axis, below which their numbers would overlap."""


@dataclass(frozen=True)
class MapQuantity:
    """A quantity of a cell that a map shows as colour.

    Attributes:
        name: name of the figure's files.
        title: title of the figure.
        scale: label of the colour bar.
        value: value of a cell; NaN if there is none.
        text: text below the square of a cell.
        note: sentences of the caption on this quantity.
    """

    name: str
    title: str
    scale: str
    value: Callable[[Stability], float]
    text: Callable[[Stability], str]
    note: str


@dataclass(frozen=True)
class ThresholdMark:
    """lambda* of a search for the threshold of lambda.

    Attributes:
        value: lambda*.
        low: lower limit of its interval.
        high: upper limit.
        initial_quality: mean over the probes of the search.
        cells: numbers of the cells that were probed.
    """

    value: float
    low: float
    high: float
    initial_quality: float
    cells: frozenset[int]


@dataclass(frozen=True)
class MapPanel:
    """One panel of a map.

    Attributes:
        axes: axes of the sweep that distinguish panels.
        values: the panel's value of each axis.
        points: one per cell.
        thresholds: the thresholds of its cells.
    """

    axes: Sequence[str]
    values: Sequence[object]
    points: Sequence[Stability]
    thresholds: Sequence[ThresholdMark] = ()


def draw_map(
    panels: Sequence[MapPanel],
    columns: int,
    points: Sequence[Stability],
    cells: Sequence[ResolvedCell],
    quantity: MapQuantity,
) -> Figure:
    """Draw a map; to be called within ``style``.

    Args:
        panels: row by row.
        columns: panels in a row.
        points: all points, those of panels without room included: they determine the limits of the axes.
        cells: of the sweep.
        quantity: the quantity that is shown as colour.
    """
    norm = _norm([quantity.value(point) for panel in panels for point in panel.points])
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(0.75 + (WIDTH + 0.15) * columns + 1.0, 0.75 + (HEIGHT + 0.3) * rows), layout="constrained")
    subplots = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    _set_lambda_axis(subplots[0], sorted({_lambda(point, cells) for point in points}))
    _set_quality_axis(subplots[0], [point.initial_quality for point in points])
    for ax, panel in zip(subplots, panels, strict=False):
        ax.set_title(shorten(label(panel.axes, panel.values)))
        _draw_points(ax, panel.points, cells, quantity, norm)
        _draw_texts(ax, _with_room(ax, panel.points, cells), cells, quantity)
        for mark in panel.thresholds:
            _draw_threshold(ax, mark)
        boundaries = {stability_boundary(cells[point.number]) for point in panel.points}
        boundary = boundaries.pop()
        if boundary is not None and not boundaries:
            _draw_boundary(ax, boundary)
    for ax in subplots[len(panels) :]:
        ax.set_visible(False)
    figure.supxlabel("lambda, synthetic rows per real row", fontsize=9)
    figure.supylabel("initial quality (0: as good as real rows; higher is worse)", fontsize=9)
    colours = ScalarMappable(norm, colormaps[DIVERGING])
    figure.colorbar(colours, ax=list(subplots), label=quantity.scale, fraction=0.03, aspect=30)
    return figure


def _norm(values: Sequence[float]) -> Normalize:
    """Return the colour scale: symmetric about 0, up to the largest finite value."""
    finite = np.asarray(values)[np.isfinite(values)]
    limit = float(np.abs(finite).max()) if finite.size else 0.0
    return Normalize(-(limit or 1.0), limit or 1.0)


def _lambda(point: Stability, cells: Sequence[ResolvedCell]) -> float:
    """Return the lambda of a point."""
    return float(cells[point.number].settings.lambda_ or 0)


def _draw_points(
    ax: Axes, points: Sequence[Stability], cells: Sequence[ResolvedCell], quantity: MapQuantity, norm: Normalize
) -> None:
    """Draw a square per point with a value, and a cross per point without one or with diverged seeds."""
    positions = np.array([(_lambda(point, cells), point.initial_quality) for point in points])
    values = np.array([quantity.value(point) for point in points])
    known = np.isfinite(values)
    crossed = np.array([point.diverged > 0 for point in points]) | ~known
    x, y = positions.T
    ax.scatter(
        x[known], y[known], 110, values[known], norm=norm, cmap=DIVERGING, marker="s", edgecolors="0.2", linewidths=0.7
    )
    ax.scatter(x[crossed], y[crossed], 60, "black", marker="x", zorder=3)


def _draw_texts(ax: Axes, points: Sequence[Stability], cells: Sequence[ResolvedCell], quantity: MapQuantity) -> None:
    """Draw the text below each point."""
    for point in points:
        position = _lambda(point, cells), point.initial_quality
        if np.isfinite(quantity.value(point)):
            text = quantity.text(point)
        else:
            without_value = "no value" if np.isnan(quantity.value(point)) else number_text(quantity.value(point))
            text = f"{point.diverged} of {point.seeds} diverged" if point.diverged else without_value
        ax.annotate(text, position, (0, -8), textcoords="offset points", ha="center", va="top", fontsize=7)


def _draw_boundary(ax: Axes, boundary: StabilityBoundary) -> None:
    """Draw theory's boundary of lambda as a dotted line; a text alone if every lambda is stable."""
    position, coordinates = (boundary.lambda_, 0), ("data", "axes fraction")
    text = f"theory: stable up to {number_text(boundary.lambda_)}" if boundary.exact else "1/2: at best sufficient"
    if np.isinf(boundary.lambda_):
        position, coordinates, text = (0, 0), ("axes fraction", "axes fraction"), "theory: stable for every lambda"
    else:
        ax.axvline(boundary.lambda_, color="black", lw=1, ls=(0, (1, 1.5)))
    ax.annotate(
        text, position, (3, 3), xycoords=coordinates, textcoords="offset points", ha="left", va="bottom", fontsize=7,
    )  # fmt: skip


def _draw_threshold(ax: Axes, mark: ThresholdMark) -> None:
    """Draw lambda* and its interval as a bar above the squares of its probes."""
    above = offset_copy(ax.transData, ax.get_figure(root=True), y=11, units="points")
    lengths = [[max(0.0, mark.value - mark.low)], [max(0.0, mark.high - mark.value)]]  # rounding may make them negative
    ax.errorbar(
        mark.value, mark.initial_quality, xerr=lengths, fmt="d",
        color=COLOURS[1], markersize=4, linewidth=1.5, capsize=2.5, transform=above,
    )  # fmt: skip


def _with_room(ax: Axes, points: Sequence[Stability], cells: Sequence[ResolvedCell]) -> list[Stability]:
    """Return the points whose texts do not overlap, from the least lambda on."""
    shown: list[tuple[np.ndarray, Stability]] = []
    for point in sorted(points, key=lambda point: (_lambda(point, cells), point.initial_quality)):
        position = ax.transLimits.transform(ax.transScale.transform((_lambda(point, cells), point.initial_quality)))
        if all((np.abs(position - other) >= TEXT_SIZE).any() for other, _ in shown):
            shown.append((position, point))
    return [point for _, point in shown]


def _set_lambda_axis(ax: Axes, lambdas: Sequence[float]) -> None:
    """Put ticks at the lambdas of the sweep that have room; logarithmic if they span a factor of four or more."""
    if lambdas[0] > 0 and lambdas[-1] / lambdas[0] >= 4:
        ax.set_xscale("log")
        ax.set_xlim(min(lambdas[0], 0.5) / 1.6, max(lambdas[-1], 0.5) * 1.6)
    else:
        margin = 0.25 * max(lambdas[-1] - lambdas[0], 0.5)
        ax.set_xlim(min(lambdas[0], 0.5) - margin, max(lambdas[-1], 0.5) + margin)
    shown: list[tuple[float, float]] = []
    for value in lambdas:
        position = float(ax.transLimits.transform(ax.transScale.transform((value, 0)))[0])
        if not shown or position - shown[-1][0] >= MIN_TICK_DISTANCE:
            shown.append((position, value))
    ax.xaxis.set_major_locator(FixedLocator([value for _, value in shown]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number_text(value)))
    ax.xaxis.set_minor_locator(NullLocator())


def _set_quality_axis(ax: Axes, qualities: Sequence[float]) -> None:
    """Limit the y axis, with space for a text below the lowest point."""
    height = (max(qualities) - min(qualities)) or 1.0
    ax.set_ylim(min(qualities) - 0.25 * height, max(qualities) + 0.15 * height)
