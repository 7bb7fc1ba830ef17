from math import inf, log, nan
from pathlib import Path
from typing import Any

import pytest

from raysc.metrics.core.metric import Column
from raysc.planning.resolved import resolve
from raysc.results.report.sentences import excess_text, introduction, result_sentence, sweep_command
from raysc.results.statistics.averages import Mean
from raysc.results.table.stability import Stability
from raysc.store.objects import Objects
from tests.conftest import MakeSweep

RISK = Column("risk", "lower", "log", "test")


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (Column("m", "lower", "log", "test"), "2.0 [1.0, 4.0] times the control's"),
        (Column("m", "higher", "log", "test"), "0.50 [0.25, 1.00] times the control's"),
        (Column("m", "higher", "linear", "test"), "0.7 [0.0, 1.4] below the control's"),
    ],
)
def test_an_excess_is_said_in_words(column: Column, text: str) -> None:
    assert excess_text(Mean(log(2), 0.0, log(4), 3), column) == text
    assert "[" not in excess_text(Mean(log(2), nan, nan, 1), column)


def test_the_introduction_has_the_paragraphs_of_the_comment_without_the_command() -> None:
    assert introduction("Does it\nhold?\n\n    raysc sweep grid.yaml\n\nYes.") == ["Does it hold?", "Yes."]
    assert introduction("") == []


def stability(number: int, mean: float, generation: int = 4) -> Stability:
    return Stability(number, 0.1, generation, Mean(mean, nan, nan, 3), Mean(nan, nan, nan, 0), 3, 0)


def test_the_result_names_the_furthest_and_the_nearest_cell(make_sweep: MakeSweep, gaussian_text: str) -> None:
    cells = resolve(make_sweep(gaussian_text)).cells
    points = [stability(0, log(8)), stability(1, log(2)), stability(2, inf)]
    text = result_sentence(points, cells, RISK)
    assert text.startswith("At generation 4, risk is 8 times the control's for replace")
    assert "and 2 times the control's for mix" in text


def test_generation_0_alone_is_no_result(make_sweep: MakeSweep, gaussian_text: str) -> None:
    cells = resolve(make_sweep(gaussian_text)).cells
    assert result_sentence([stability(0, 0.0, generation=0)], cells, RISK) == ""


@pytest.mark.parametrize(
    ("overrides", "command"),
    [((), "raysc sweep {file}"), (("seeds=2", "data.rows=9"), "raysc sweep {file} --set seeds=2 --set data.rows=9")],
)
def test_the_command_has_the_overrides(
    overrides: tuple[str, ...], command: str, make_sweep: MakeSweep, gaussian_text: str, tmp_path: Path
) -> None:
    sweep: Any = make_sweep(gaussian_text, *overrides)
    assert sweep_command(sweep, Objects.open(tmp_path)) == command.format(file=sweep.path.rpartition("/")[2])
