from dataclasses import replace
from math import nan
from pathlib import Path

import pytest

from raysc.planning.resolved import resolve
from raysc.results.report.figures.stability_map import no_map_reason, threshold_marks
from raysc.results.report.page import Report, report
from raysc.results.statistics.averages import Mean
from raysc.results.table.columns import quality_column
from raysc.results.table.stability import Stability, cell_stabilities
from raysc.results.table.table import load_table
from raysc.results.thresholds.proposals import Answer
from raysc.store.objects import Objects
from raysc.sweepfile.threshold_search import Runs
from tests.conftest import MakeSweep, RunSweep
from tests.results.report.figures.conftest import FigureOf
from tests.results.report.figures.test_thresholds import ROOT, SETTINGS, searched


def test_a_map_explains_the_theorem_and_the_half_life(gaussian_report: Report, figure_of: FigureOf) -> None:
    excess, slope = (figure_of(gaussian_report, f"stability-{name}") for name in ("excess", "slope"))
    assert "The number below a square is the excess." in excess.caption
    assert "doubles (x2) or halves" in slope.caption
    assert "Gaussians are stable under mix for every lambda" in excess.caption
    assert excess.alt.startswith("Map of 3 cells over lambda and initial quality")


@pytest.mark.slow
def test_on_a_linear_scale_the_map_of_the_slope_shows_slopes(
    make_sweep: MakeSweep, run_sweep: RunSweep, gaussian_text: str, tmp_path: Path, figure_of: FigureOf
) -> None:
    sweep, objects = make_sweep(gaussian_text, "metrics=[precision]"), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    page = report(resolve(sweep), objects)
    caption = figure_of(page, "stability-slope").caption
    assert "The number below a square is the slope." in caption
    assert "halves" not in caption


@pytest.mark.slow
def test_a_cell_that_is_ahead_of_its_control_has_no_value(
    make_sweep: MakeSweep, run_sweep: RunSweep, gaussian_text: str, tmp_path: Path, figure_of: FigureOf
) -> None:
    objects = Objects.open(str(tmp_path))
    run_sweep(make_sweep(gaussian_text, "space={regime: mix, lambda: 0.5}", "loop.generations=2"), objects)
    run_sweep(make_sweep(gaussian_text, "space={regime: mix, lambda: 2.0}", "control=false"), objects)
    figure = figure_of(report(resolve(make_sweep(gaussian_text)), objects), "stability-excess")
    assert "A cross also marks a cell without a value" in figure.caption
    assert "diverged" not in figure.caption
    assert ">no value<" in figure.svg


def test_marks_of_thresholds_are_at_the_initial_quality_of_their_probes() -> None:
    unknown = Mean(nan, nan, nan, 0)
    stabilities = [Stability(cell, quality, 4, unknown, unknown, 3, 0) for cell, quality in ((0, 1.0), (2, 2.0))]
    runs = Runs((0, 1, 2), 4)
    search = replace(SETTINGS, probes=({0.25: runs, 1.0: runs, 16.0: runs},))
    (mark,) = threshold_marks(search, [searched({}, Answer("threshold", ROOT, True))], stabilities)
    assert mark.value == pytest.approx(1)
    assert (mark.initial_quality, mark.cells) == (1.5, frozenset({0, 1, 2}))
    assert mark.low < 1 < mark.high
    assert threshold_marks(search, [searched({}, Answer("stable"))], stabilities) == []
    assert threshold_marks(search, [searched({}, Answer("threshold", ROOT, True))], []) == []
    undecided = searched({}, Answer("undecided", ROOT, False))
    assert threshold_marks(search, [undecided], stabilities) == []
    share = replace(search, axis="regime.share")
    assert threshold_marks(share, [searched({}, Answer("threshold", ROOT, True))], stabilities) == []


@pytest.mark.parametrize(
    ("override", "reason"),
    [("control=false", "no control"), ("metrics=[trace_ratio]", "trace_ratio has no floor")],
)
def test_a_sweep_without_a_map_says_why(
    override: str, reason: str, make_sweep: MakeSweep, run_sweep: RunSweep, gaussian_text: str, tmp_path: Path
) -> None:
    sweep, objects = make_sweep(gaussian_text, override), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    resolved = resolve(sweep)
    table = load_table(resolved, objects)
    assert reason in no_map_reason(sweep, cell_stabilities(resolved.cells, table, quality_column(sweep)))
