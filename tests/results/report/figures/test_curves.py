from pathlib import Path

import numpy as np

from raysc.planning.resolved import resolve
from raysc.results.report.page import Report, report
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.conftest import MakeSweep, RunSweep
from tests.results.report.figures.conftest import FigureOf


def test_a_log_scale_metric_has_geometric_means_and_its_floor(
    gaussian_report: Report, gaussian_store: tuple[Sweep, Objects], figure_of: FigureOf
) -> None:
    sweep, objects = gaussian_store
    table = load_table(resolve(sweep), objects)
    figure = figure_of(gaussian_report, "curves-frechet_distance")
    logarithms = np.log(table["frechet_distance"]).groupby([table["cell"], table["generation"]])
    numbers = figure.numbers.set_index(["cell", "generation"])
    np.testing.assert_allclose(numbers["mean"], np.exp(logarithms.mean()))
    assert (numbers["seeds"] == 3).all()
    assert "Geometric mean over 3 distinct seeds" in figure.caption
    floors = np.exp(np.log(table["frechet_distance_floor"]).groupby(table["cell"]).mean())
    np.testing.assert_allclose(numbers["floor"].groupby("cell").first(), floors)
    assert "Dotted lines are the floor" in figure.caption


def test_an_expectation_of_the_value_has_arithmetic_means_beside_it(
    make_sweep: MakeSweep, run_sweep: RunSweep, gaussian_text: str, tmp_path: Path
) -> None:
    sweep = make_sweep(gaussian_text, "metrics=[trace_ratio]", "space={regime: replace}", "control=false")
    run_sweep(sweep, objects := Objects.open(str(tmp_path)))
    page = report(resolve(sweep), objects)
    figure = page.figures[0]
    assert figure.name == "curves-trace_ratio"
    np.testing.assert_allclose(figure.numbers["theory"], (1 - 1 / 20) ** np.arange(1, 6))
    table = load_table(resolve(sweep), objects)
    by_generation = table.groupby("generation")["trace_ratio"]
    np.testing.assert_allclose(figure.numbers["arithmetic_mean"], by_generation.mean())
    np.testing.assert_allclose(figure.numbers["mean"], np.exp(by_generation.agg(lambda v: np.log(v).mean())))
    assert "Thin lines are arithmetic means" in figure.caption
    assert "Wide pale lines are the theory" in figure.caption
    assert "no control" in page.html
    assert 'id="stability-table"' not in page.html
