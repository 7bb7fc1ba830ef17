from raysc.planning.resolved import resolve
from raysc.results.report.page import Report
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.results.report.figures.conftest import FigureOf


def test_each_drawn_sample_has_its_address(
    digits_report: Report, digits_store: tuple[Sweep, Objects], figure_of: FigureOf
) -> None:
    cells = resolve(digits_store[0]).cells
    figure = figure_of(digits_report, "samples")
    assert len(figure.numbers) == len(cells) * 3 * 9, "generations 0 to 2, nine images each"
    for cell in cells:
        rows = figure.numbers[figure.numbers["cell"] == cell.number]
        assert cell.keys.generation_zero is not None
        assert set(rows.loc[rows["generation"] == 0, "lineage"]) == {cell.keys.generation_zero.rows}
        assert set(rows.loc[rows["generation"] > 0, "lineage"]) == {cell.keys.lineage}


def test_points_have_their_coordinates(gaussian_report: Report, figure_of: FigureOf) -> None:
    figure = figure_of(gaussian_report, "samples")
    assert figure.caption.startswith("First points of each generation of seed 0")
    assert {"x0", "x1"} <= set(figure.numbers)
