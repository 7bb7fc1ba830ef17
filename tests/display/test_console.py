"""The console display: a line per update in a log, a live table on a terminal."""

import io
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from raysc.display import CellProgress, ConsoleDisplay, SweepProgress, open_console, print_lines, replace_unknown_signs
from raysc.display.console import MAX_ROWS

PROGRESS = SweepProgress(
    sweep="toy",
    units_done=1,
    units_total=4,
    units_failed=0,
    generations_done=5,
    generations_total=16,
    last_generation=4,
    elapsed_seconds=42.0,
    remaining_seconds=None,
    activities=(),
    axes=("regime", "lambda"),
    metric="frechet_distance[pixels]",
    cells=(CellProgress(("mix", "0.5"), 2, 0.123456), CellProgress(("replace", ""), 1, None)),
)


def console(*, terminal: bool) -> Console:
    """A console that writes to memory; without markup, as that of the command line."""
    file = io.StringIO()
    return Console(file=file, force_terminal=terminal, width=120, height=100, markup=False, color_system=None)


def output(of: Console) -> str:
    assert isinstance(of.file, io.StringIO)
    return of.file.getvalue()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "1/4 units, 5/16 generations, 42 s"),
        ({"units_failed": 2}, "1/4 units, 5/16 generations, 2 failed, 42 s"),
        ({"remaining_seconds": 90.0}, "1/4 units, 5/16 generations, 42 s, about 1 min 30 s left"),
        ({"activities": ("training: 1 of 2 steps",)}, "1/4 units, 5/16 generations, 42 s; training: 1 of 2 steps"),
        ({"activities": ("a", "b", "c")}, "1/4 units, 5/16 generations, 42 s; a (and 2 more)"),
    ],
)
def test_the_state_as_a_line(changes: dict[str, Any], expected: str) -> None:
    assert replace(PROGRESS, **changes).text() == expected


def test_a_log_gets_a_line_per_update_every_half_minute() -> None:
    log = console(terminal=False)
    display = ConsoleDisplay(log)
    assert display.update_seconds == 30.0
    display.start()
    display.update(PROGRESS)
    display.say("note: [bold] is no markup")
    display.stop()
    assert output(log) == f"{PROGRESS.text()}\nnote: [bold] is no markup\n"


def test_a_terminal_gets_a_live_table_of_the_last_cells() -> None:
    terminal = console(terminal=True)
    display = ConsoleDisplay(terminal)
    assert display.update_seconds == 0.5
    cells = tuple(CellProgress((f"rule{number}", "1"), 3, None) for number in range(MAX_ROWS + 1))
    display.start()
    display.update(replace(PROGRESS, cells=cells))
    display.update(PROGRESS)
    display.stop()
    frames = output(terminal)
    assert f"toy: {PROGRESS.text()}" in frames
    assert "rule0 " not in frames
    assert f"rule{MAX_ROWS} " in frames
    last_frame = frames[frames.rindex("toy: ") :]
    assert "frechet_distance[pixels]" in last_frame
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in last_frame.splitlines() if "/4" in line]
    assert rows[-2:] == [["mix", "0.5", "2/4", "0.1235"], ["replace", "", "1/4", ""]]


@pytest.mark.parametrize("is_terminal", [False, True])
def test_control_characters_of_names_and_messages_do_not_reach_the_terminal(is_terminal: bool) -> None:
    shown, title = console(terminal=is_terminal), "\x1b]0;title\x07"
    display = ConsoleDisplay(shown)
    display.start()
    display.update(
        replace(
            PROGRESS, sweep=f"toy{title}", metric=f"kid{title}", cells=(CellProgress((f"mix{title}", ""), 1, None),)
        )
    )
    display.say(f"a note{title}")
    display.stop()
    assert title not in output(shown)
    assert "a note\\x1b]0;title\\x07" in output(shown)


def test_a_display_can_start_again() -> None:
    terminal = console(terminal=True)
    display = ConsoleDisplay(terminal)
    for _ in range(2):
        display.start()
        display.update(PROGRESS)
        display.stop()
    assert output(terminal).count(PROGRESS.text()) >= 2


def test_the_module_imports_neither_ray_nor_typer_nor_rich() -> None:
    command = "import sys, raysc.display; print({'ray', 'typer', 'rich'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("is_terminal", [True, False])
def test_long_lines_are_broken_between_words_on_a_terminal(
    is_terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)
    print_lines("    a line of more than twenty characters")
    broken = "    a line of more\n      than twenty\n      characters\n"
    assert capsys.readouterr().out == (broken if is_terminal else "    a line of more than twenty characters\n")


def test_messages_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    words = "1 failed: FileNotFoundError: [Errno 2] no [batch] of [/home/me/:fire:]"
    open_console().print(words)
    assert capsys.readouterr().out == f"{words}\n"


def test_brackets_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    open_console().print("frechet_distance[inception]_rows; cannot read [/a/place]")
    assert capsys.readouterr().out == "frechet_distance[inception]_rows; cannot read [/a/place]\n"


def test_signs_that_a_coding_lacks_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(output, "ascii"))
    open_console().print("0.1 \N{PLUS-MINUS SIGN} 0.2, Fr\N{LATIN SMALL LETTER E WITH ACUTE}chet, \N{SNOWMAN}")
    replace_unknown_signs(sys.stdout)
    print("\N{PLUS-MINUS SIGN}", flush=True)
    assert output.getvalue() == b"0.1 +- 0.2, Frechet, ?\n+-\n"
