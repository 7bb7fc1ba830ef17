from math import log, nan

from raysc.metrics.core.metric import Column
from raysc.planning.resolved import resolve
from raysc.results.report.heat_map import heat_map
from raysc.results.statistics.averages import Mean
from raysc.results.table.stability import Stability
from tests.conftest import MakeSweep

RISK = Column("risk", "lower", "log", "test")


def stability(number: int, mean: float) -> Stability:
    return Stability(number, 0.1, 4, Mean(mean, nan, nan, 3), Mean(nan, nan, nan, 0), 3, 0)


def test_rows_have_names_and_columns_are_lambdas(make_sweep: MakeSweep, gaussian_text: str) -> None:
    cells = resolve(make_sweep(gaussian_text)).cells  # replace, and mix with two lambdas
    points = [stability(0, log(4)), stability(1, -log(2)), stability(2, nan)]
    drawn = heat_map(points, cells, RISK)
    assert drawn is not None
    assert drawn.columns == ["0.5", "1", "2"]
    assert list(drawn.rows) == ["replace", "mix"]
    mix = {entry.text: entry.worse for entry in drawn.rows["mix"] if entry is not None}
    assert mix == {"0.5": -0.5, "no value": 0.0}
    (replace,) = [entry for entry in drawn.rows["replace"] if entry is not None]
    assert (replace.text, replace.worse) == ("4", 1.0)


def test_without_an_excess_there_is_no_heat_map(make_sweep: MakeSweep, gaussian_text: str) -> None:
    assert heat_map([stability(0, nan)], resolve(make_sweep(gaussian_text)).cells, RISK) is None
