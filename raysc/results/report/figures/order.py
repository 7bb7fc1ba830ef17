"""Order of the report's figures: the sections of the page that have figures, from top to bottom."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from raysc.planning.resolved import ResolvedSweep
from raysc.results.contraction.tables import contraction_frame, has_forks
from raysc.results.report.figures.contraction import contraction_figure
from raysc.results.report.figures.curves import curves_figure
from raysc.results.report.figures.panel_layout import panel_layout
from raysc.results.report.figures.phase_times import phase_times_figure
from raysc.results.report.figures.rendering import ReportFigure
from raysc.results.report.figures.samples import samples_figure
from raysc.results.report.figures.stability_map import no_map_reason, stability_maps, threshold_marks
from raysc.results.report.figures.thresholds import thresholds_figure
from raysc.results.report.figures.training_sets import training_sets_figure
from raysc.results.table.columns import main_columns, quality_column
from raysc.results.table.stability import Stability
from raysc.results.thresholds.evidence import Search, read_searches
from raysc.store.objects import Objects
from raysc.sweepfile.threshold_search import ThresholdSearch


@dataclass(frozen=True)
class FigureSection:
    """A section of the page with its figures.

    Attributes:
        id: anchor of the section.
        link: text of the link to it in the table of contents.
        heading: heading of the section.
        figures: in their order.
        without: sentence for a section without figures.
    """

    id: str
    link: str
    heading: str
    figures: Sequence[ReportFigure]
    without: str


def _headline_section(
    search: ThresholdSearch | None, searches: Sequence[Search], curves: Sequence[ReportFigure]
) -> FigureSection:
    """Return the section at the top: the searches for a threshold, or the curves of the first metric."""
    if search is None:
        return FigureSection("headline", "Result", "Result", curves[:1], "There are no results to draw yet.")
    figure = thresholds_figure(search, searches)
    figures = [] if figure is None else [figure]
    return FigureSection("headline", "Thresholds", f"Threshold of {search.axis}", figures, "No probe is complete yet.")


def _contraction_sections(resolved: ResolvedSweep, table: pd.DataFrame) -> list[FigureSection]:
    """Return the section of the rates of contraction; none for a sweep without forks."""
    if not has_forks(resolved):
        return []
    figure = None if table.empty else contraction_figure(contraction_frame(resolved, table))
    figures = [] if figure is None else [figure]
    return [FigureSection("contraction", "Contraction", "Contraction", figures, "No rate is known yet.")]


def figure_sections(
    resolved: ResolvedSweep, table: pd.DataFrame, stabilities: Sequence[Stability], objects: Objects
) -> tuple[FigureSection, ...]:
    """Draw all figures of a sweep, and return them by section: the headline, then the others in the order of the page.

    Args:
        resolved: the sweep.
        table: the tidy table. If it is empty, there are no figures.
        stabilities: from ``cell_stabilities``.
        objects: the store.
    """
    sweep, cells = resolved.sweep, resolved.cells
    searches = read_searches(resolved, table) if sweep.search is not None and not table.empty else []
    maps: Sequence[ReportFigure] = ()
    curves: Sequence[ReportFigure] = ()
    samples: Sequence[ReportFigure] = ()
    training_sets: Sequence[ReportFigure] = ()
    times: Sequence[ReportFigure] = ()
    if not table.empty:
        layout = panel_layout(sweep.cells)
        thresholds = [] if sweep.search is None else threshold_marks(sweep.search, searches, stabilities)
        maps = stability_maps(stabilities, cells, quality_column(sweep), thresholds)
        curves = [curves_figure(table, column, cells, layout) for column in main_columns(sweep)]
        samples = [samples_figure(sweep, cells, table, objects)]
        training_sets = [training_sets_figure(table, cells)]
        times = [figure for figure in [phase_times_figure(table, cells)] if figure is not None]
    no_map = no_map_reason(sweep, stabilities)
    headline = _headline_section(sweep.search, searches, curves)
    remaining = curves if sweep.search is not None else curves[1:]
    no_curves = "All curves are above." if curves else "There are no results to draw yet."
    return (
        headline,
        *_contraction_sections(resolved, table),
        FigureSection("stability", "Stability", "Stability over lambda and initial quality", maps, no_map),
        FigureSection("curves", "Curves", "Curves over generations", remaining, no_curves),
        FigureSection("samples", "Samples", "Samples", samples, "There are no samples yet."),
        FigureSection("rows", "Training sets", "Training sets", training_sets, "No generation is trained yet."),
        FigureSection("time", "Time", "Time", times, "No time was recorded."),
    )
