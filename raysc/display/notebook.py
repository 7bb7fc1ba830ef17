"""Display of a running sweep in a notebook: one output that is updated in place."""

import sys
from html import escape
from typing import TYPE_CHECKING, Any

from raysc.display.console import MAX_ROWS, ConsoleDisplay, open_console
from raysc.display.state import Display, SweepProgress
from raysc.formatting import printable

if TYPE_CHECKING:
    from rich.table import Table

UPDATE_SECONDS = 1.0
"""Seconds between two updates of the output."""
WIDTH = 120
"""Characters of a line of a notebook's output."""


class NotebookDisplay:
    """A bar and a table of cells in the output of a notebook's cell; IPython renders them."""

    def __init__(self) -> None:
        """Prepare a display."""
        self._output: Any = None

    @property
    def width(self) -> int:
        """Return the width of the output in characters."""
        return WIDTH

    @property
    def update_seconds(self) -> float:
        """Return the minimum number of seconds between two updates."""
        return UPDATE_SECONDS

    def start(self) -> None:
        """Add an output for the progress."""
        self._output = _show(_html("<p>starting</p>"), display_id=True)

    def stop(self) -> None:
        """Empty the output of the progress."""
        if self._output is not None:
            self._output.update(_html(""))
            self._output = None

    def say(self, text: str) -> None:
        """Print one line."""
        print(printable(text))

    def show(self, table: "Table") -> None:
        """Show a table."""
        _show(table)

    def update(self, progress: SweepProgress) -> None:
        """Replace the progress by the current state."""
        if self._output is not None:
            self._output.update(_html(progress_html(progress)))


def progress_html(progress: SweepProgress) -> str:
    """Return the state of a sweep as HTML: a line of counts, a bar, and a row for each cell."""
    headings = [*progress.axes, "generation", progress.metric]
    rows = [
        [
            *cell.values,
            f"{cell.generation}/{progress.last_generation}",
            "" if cell.metric is None else f"{cell.metric:.4g}",
        ]
        for cell in progress.cells[-MAX_ROWS:]
    ]
    bar = f'<progress value="{progress.generations_done}" max="{max(1, progress.generations_total)}"></progress>'
    head = "".join(f"<th>{_text(heading)}</th>" for heading in headings)
    body = "".join(f"<tr>{''.join(f'<td>{_text(value)}</td>' for value in row)}</tr>" for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if rows else ""
    return f"<p>{_text(f'{progress.sweep}: {progress.text()}')}</p>{bar}{table}"


def open_display() -> Display:
    """Return a display for this process: of a notebook in a notebook, else of a terminal or a log."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return NotebookDisplay() if hasattr(shell, "kernel") else ConsoleDisplay(open_console())


def _text(value: str) -> str:
    return escape(printable(value))


def _html(text: str) -> Any:
    from IPython.display import HTML  # present in every notebook

    return HTML(text)


def _show(value: Any, **options: Any) -> Any:
    from IPython.display import display

    return display(value, **options)
