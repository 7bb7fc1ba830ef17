from raysc.results.report.page import Report
from tests.results.report.figures.conftest import FigureOf


def test_counts_are_the_rows_that_each_generation_trained_on(gaussian_report: Report, figure_of: FigureOf) -> None:
    numbers = figure_of(gaussian_report, "rows").numbers.set_index(["cell", "generation"])
    replace, mix = numbers.loc[0], numbers.loc[2]
    assert replace["rows_real"].tolist() == [20, 0, 0, 0, 0]
    assert replace["rows_synthetic"].tolist() == [0, 20, 20, 20, 20]
    assert mix["rows_real"].tolist() == [20] * 5
    assert mix["rows_synthetic"].tolist() == [0, 40, 40, 40, 40]
    assert mix["share"].iloc[-1] == 2 / 3
