"""The display of notebooks, with a stand-in for IPython that records what it is given."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from raysc.display import CellProgress, ConsoleDisplay, NotebookDisplay, SweepProgress, open_display
from raysc.display.notebook import progress_html

PROGRESS = SweepProgress(
    sweep="toy", units_done=1, units_total=4, units_failed=0, generations_done=5, generations_total=16,
    last_generation=4, elapsed_seconds=42.0, remaining_seconds=None, activities=(), axes=("regime",), metric="error",
    cells=(CellProgress(("<mix>",), 2, 0.123456), CellProgress(("replace",), 1, None)),
)  # fmt: skip


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What IPython displayed, in order; updates of an output too."""
    shown: list[Any] = []
    package: Any = ModuleType("IPython")
    inner: Any = ModuleType("IPython.display")
    inner.HTML = str

    def display(value: Any, **options: Any) -> Any:
        shown.append(value)
        return SimpleNamespace(update=shown.append)

    inner.display = display
    package.display, package.get_ipython = inner, lambda: SimpleNamespace(kernel=None)
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", inner)
    return shown


def test_the_progress_is_one_output_that_is_updated_and_emptied(shown: list[Any]) -> None:
    display = open_display()
    assert isinstance(display, NotebookDisplay)
    display.update(PROGRESS)  # before the start nothing is shown
    assert shown == []
    display.start()
    display.update(PROGRESS)
    display.stop()
    assert shown == ["<p>starting</p>", progress_html(PROGRESS), ""]


def test_the_html_has_counts_a_bar_and_a_row_for_each_cell() -> None:
    html = progress_html(PROGRESS)
    assert html.startswith("<p>toy: 1/4 units, 5/16 generations, 42 s</p>")
    assert '<progress value="5" max="16">' in html
    assert "<td>&lt;mix&gt;</td><td>2/4</td><td>0.1235</td>" in html
    assert "<td>replace</td><td>1/4</td><td></td>" in html


def test_lines_are_printed_and_tables_shown(shown: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    display = open_display()
    display.say("note: a\x1bb")
    assert capsys.readouterr().out == "note: a\\x1bb\n"
    table: Any = object()
    display.show(table)
    assert shown == [table]


def test_elsewhere_it_is_the_console(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert isinstance(open_display(), ConsoleDisplay)
