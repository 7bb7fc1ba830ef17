"""Stability maps: excess over the control and its growth, over lambda and initial quality."""

from collections.abc import Sequence
from math import isfinite, isinf, isnan, nan
from statistics import fmean
from typing import Literal

from raysc.metrics.core.metric import Column
from raysc.planning.resolved import ResolvedCell
from raysc.results.plots.labels import cell_label
from raysc.results.plots.style import style
from raysc.results.plots.subset import subgrid, subset_sentence
from raysc.results.report.figures.map_drawing import MapPanel, MapQuantity, ThresholdMark, draw_map
from raysc.results.report.figures.panel_layout import regime_axes, values_of
from raysc.results.report.figures.rendering import ReportFigure, render
from raysc.results.table.columns import quality_column
from raysc.results.table.stability import (
    Stability,
    StabilityBoundary,
    excess_unit,
    stability_boundary,
    stability_frame,
)
from raysc.results.table.table import controls_of, varying_axes
from raysc.results.thresholds.answers import threshold_of
from raysc.results.thresholds.evidence import Search
from raysc.sweepfile.sweep import Sweep
from raysc.sweepfile.threshold_search import ThresholdSearch

MAX_PANELS = 12
MAX_COLUMNS = 4
"""Panels in a row of a figure whose columns are regimes."""
DEFAULT_COLUMNS = 3
"""Panels in a row otherwise."""

THEOREM = {
    "none": "The stability theorem (Bertrand et al. 2023, theorem 1) is about the regime mix only, of a single model, "
    "without curation, with samples of the model as it is, so there is no line for these cells.",
    "exact": "The dotted line is where theory puts the boundary of Gaussians whose samples have c times the fitted "
    "covariance: under mix they are stable for lambda < 1 / (c - 1). A panel with several c has no line.",
    "every": "Theory: Gaussians are stable under mix for every lambda, since their loop contracts by "
    "lambda / (1 + lambda) per generation. Lambda = 1/2, up to which theorem 1 of Bertrand et al. (2023) promises "
    "stability, is no boundary for them.",
    "sufficient": "The dotted line at lambda = 1/2 is at best a sufficient condition for the stability of mix "
    "(Bertrand et al. 2023, theorem 1, with eps = 0; the true eps is not known). To the right of it the theorem makes "
    "no statement.",
}
"""Sentences of the caption on the line in the panels, by ``_kind``."""


def stability_maps(
    stabilities: Sequence[Stability],
    cells: Sequence[ResolvedCell],
    column: Column,
    thresholds: Sequence[ThresholdMark] = (),
) -> list[ReportFigure]:
    """Return the map of the excess and, if it has values, the map of its slope.

    Args:
        stabilities: from ``cell_stabilities``. Cells without a lambda or an initial quality are left out.
        cells: of the sweep.
        column: the metric of excess and initial quality.
        thresholds: from ``threshold_marks``.
    """
    points = [
        point
        for point in stabilities
        if cells[point.number].settings.lambda_ is not None and isfinite(point.initial_quality)
    ]
    return [
        _map(points, cells, quantity, thresholds)
        for quantity in (_excess(column), _slope(column))
        if any(isfinite(quantity.value(point)) for point in points)
    ]


def threshold_marks(
    search: ThresholdSearch, searches: Sequence[Search], stabilities: Sequence[Stability]
) -> list[ThresholdMark]:
    """Return the thresholds of lambda that searches have answered; none for searches of another axis.

    Args:
        search: settings of the searches.
        searches: from ``read_searches``.
        stabilities: from ``cell_stabilities``.
    """
    marks = []
    for index, of_point in enumerate(searches if search.axis == "lambda" else ()):
        threshold = threshold_of(of_point)
        probed = frozenset(search.cell(index, probe.value) for probe in of_point.probes)
        qualities = [point.initial_quality for point in stabilities if point.number in probed]
        quality = fmean(qualities) if qualities else nan
        if threshold.outcome == "threshold" and isfinite(quality):
            marks.append(ThresholdMark(threshold.threshold, threshold.low, threshold.high, quality, probed))
    return marks


def no_map_reason(sweep: Sweep, stabilities: Sequence[Stability]) -> str:
    """Return the reason why a sweep has no stability map."""
    if not any(cell != control for cell, control in controls_of(sweep.cells).items()):
        return "This sweep has no control (control: false), so there is no excess over a control."
    if not stabilities:
        return "No cell has results and a control yet."
    if not any(isfinite(point.initial_quality) for point in stabilities):
        name = quality_column(sweep).name
        return f"Initial quality is not known: {name} has no floor, or generation 0 is not measured."
    return "No cell has both a lambda and an excess over its control."


def _excess(column: Column) -> MapQuantity:
    """Return the excess at the last generation."""
    return MapQuantity(
        name="stability-excess",
        title=f"Excess over the control at the last generation: {column.name}",
        scale=f"excess, {excess_unit(column)} (above 0 is worse)",
        value=lambda point: point.excess.mean,
        text=lambda point: f"{point.excess.mean:+.2f}",
        note="The number below a square is the excess.",
    )


def _slope(column: Column) -> MapQuantity:
    """Return the slope of the excess."""
    if column.scale == "log":
        note = (
            "The text below a square is the number of generations in which the ratio to the control doubles (x2) or "
            "halves (÷2), or ± if the 95 % interval of the slope contains 0."
        )
    else:
        note = "The number below a square is the slope."
    return MapQuantity(
        name="stability-slope",
        title=f"Growth of the excess per generation: {column.name}",
        scale="slope of the excess per generation",
        value=lambda point: point.slope.mean,
        text=_half_life_text if column.scale == "log" else lambda point: f"{point.slope.mean:+.2g}",
        note=f"Slopes are fitted over generations 1 to the last. {note}",
    )


def _half_life_text(point: Stability) -> str:
    """Return ``x2 in 3.1``: the ratio doubles in 3.1 generations.

    ``±`` if the interval of the slope contains 0, "" without an interval.
    """
    if not isfinite(point.slope.low):
        return ""
    half_life = point.half_life[0]
    return "±" if not isfinite(half_life) else f"{'x2' if point.slope.mean > 0 else '÷2'} in {half_life:.3g}"


def _map(
    points: Sequence[Stability],
    cells: Sequence[ResolvedCell],
    quantity: MapQuantity,
    thresholds: Sequence[ThresholdMark],
) -> ReportFigure:
    """Draw the map of one quantity: one panel per problem and regime."""
    settings = [cell.settings for cell in cells]
    problem_axes = _problem_axes(cells)
    axes = [*problem_axes, *regime_axes(settings)]
    groups: dict[tuple[object, ...], list[Stability]] = {}
    for point in points:
        groups.setdefault(values_of(settings[point.number], axes), []).append(point)
    shown = subgrid(list(groups), MAX_PANELS)
    panels = []
    for values in shown:
        numbers = {point.number for point in groups[values]}
        panels.append(MapPanel(axes, values, groups[values], [mark for mark in thresholds if mark.cells & numbers]))
    regimes = len({values[len(problem_axes) :] for values in shown})
    columns = regimes if 1 < regimes <= MAX_COLUMNS else min(DEFAULT_COLUMNS, len(shown))
    left_out = subset_sentence(len(shown), len(groups), "panels")
    with style(quantity.name):
        figure = draw_map(panels, columns, points, cells, quantity)
        return render(
            figure, quantity.name, quantity.title, _caption(points, cells, quantity, bool(thresholds)) + left_out,
            _alt(points, cells, quantity), stability_frame(points, cells),
        )  # fmt: skip


def _problem_axes(cells: Sequence[ResolvedCell]) -> list[str]:
    """Return the varying axes of data and model, each a problem of its own. Other axes change the initial quality."""
    axes = varying_axes([cell.settings for cell in cells])
    return [name for name in axes if name.partition(".")[0] in ("data", "model")]


def _kind(boundary: StabilityBoundary | None) -> Literal["none", "exact", "every", "sufficient"]:
    """Return the kind of a boundary of lambda."""
    if boundary is None:
        return "none"
    if not boundary.exact:
        return "sufficient"
    return "every" if isinf(boundary.lambda_) else "exact"


def _theorem(points: Sequence[Stability], cells: Sequence[ResolvedCell]) -> str:
    """Return the sentences on the boundaries in the panels of a map."""
    kinds = {_kind(stability_boundary(cells[point.number])) for point in points}
    return " ".join(THEOREM[kind] for kind in THEOREM if kind in kinds and (kind != "none" or kinds == {"none"}))


def _caption(
    points: Sequence[Stability], cells: Sequence[ResolvedCell], quantity: MapQuantity, with_thresholds: bool
) -> str:
    """Return the caption: the squares, the thresholds, the crosses and the line."""
    seeds = sorted({point.seeds for point in points})
    count = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    sentences = [
        "Each square is a cell, compared with the control of the same seed, initial quality, generation and budget; "
        f"paired mean over {count} distinct seed{'s' * (count != '1')}. Purple is better than the control, orange is "
        "worse. Texts without room are left out; the CSV file has all numbers with their 95 % intervals.",
        quantity.note,
    ]
    if with_thresholds:
        sentences.append("A bar above the squares is lambda* of a search with its interval.")
    if any(point.diverged for point in points):
        sentences.append(
            "A cross marks a cell with diverged seeds. These have no value, so the cell is worse than its colour."
        )
    if any(isnan(quantity.value(point)) and not point.diverged for point in points):
        sentences.append("A cross also marks a cell without a value: generations of it or its control are missing.")
    if any(isinf(quantity.value(point)) for point in points):
        sentences.append("A cross also marks a cell with an infinite value: a seed's metric reached 0 or infinity.")
    return " ".join([*sentences, _theorem(points, cells)])


def _alt(points: Sequence[Stability], cells: Sequence[ResolvedCell], quantity: MapQuantity) -> str:
    """Return the description: the number of cells, and the lowest and highest value."""
    ordered = sorted((point for point in points if isfinite(quantity.value(point))), key=quantity.value)
    extremes = [
        f"{word} {quantity.value(point):.3g} for {cell_label(cells[point.number])}"
        for word, point in (("lowest", ordered[0]), ("highest", ordered[-1]))
    ]
    return f"Map of {len(points)} cells over lambda and initial quality; {quantity.scale}: {'; '.join(extremes)}."
