import pytest

from raysc.planning.resolved import resolve
from raysc.results.report.figures.phase_times import phase_times_figure
from raysc.results.report.page import Report
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.results.report.figures.conftest import FigureOf


def test_a_shared_generation_0_is_counted_once(
    digits_report: Report, digits_store: tuple[Sweep, Objects], figure_of: FigureOf
) -> None:
    sweep, objects = digits_store
    table = load_table(resolve(sweep), objects)
    distinct = table.drop_duplicates(["lineage", "seed", "generation"])
    assert len(distinct) < len(table)
    numbers = figure_of(digits_report, "time").numbers
    assert numbers["seconds_fit"].sum() == pytest.approx(distinct["seconds_fit"].sum())


def test_without_recorded_times_there_is_no_figure(gaussian_store: tuple[Sweep, Objects]) -> None:
    sweep, objects = gaussian_store
    resolved = resolve(sweep)
    table = load_table(resolved, objects)
    times = [name for name in table if str(name).startswith("seconds_")]
    assert phase_times_figure(table.drop(columns=times), resolved.cells) is None
