"""Display of a running sweep on a terminal or in a log."""

import shutil
import sys
from typing import IO, TYPE_CHECKING, cast

from raysc.display.encoding_fallback import SubstitutingOutput, lacks_signs
from raysc.display.state import SweepProgress
from raysc.formatting import broken_lines, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table

LIVE_SECONDS = 0.5
"""Seconds between two updates of the live table."""

LOG_SECONDS = 30.0
"""Seconds between two lines where the output is not a terminal."""

MAX_ROWS = 40
"""Maximum number of cells in the live table: the last ones in the sweep's order."""


class ConsoleDisplay:
    """A live table on a terminal, else a line every half minute."""

    def __init__(self, console: "Console") -> None:
        """Prepare a display.

        Args:
            console: the output; without markup, since names of metrics and messages may hold brackets.
        """
        self._console = console
        self._live: Live | None = None

    @property
    def width(self) -> int:
        """Return the width of the output in characters."""
        return self._console.width

    @property
    def update_seconds(self) -> float:
        """Return the minimum number of seconds between two updates."""
        return LIVE_SECONDS if self._console.is_terminal else LOG_SECONDS

    def start(self) -> None:
        """Show the live table, on a terminal."""
        if self._console.is_terminal:
            from rich.live import Live

            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()

    def stop(self) -> None:
        """Remove the live table."""
        if self._live:
            self._live.stop()
            self._live = None

    def say(self, text: str) -> None:
        """Print a line, above the live table."""
        self._console.print(printable(text), highlight=False, markup=False)

    def show(self, table: "Table") -> None:
        """Print a table."""
        self._console.print(table)

    def update(self, progress: SweepProgress) -> None:
        """Refresh the live table, or print a line."""
        if self._live:
            self._live.update(_table(progress), refresh=True)
        else:
            self.say(progress.text())


def _table(progress: SweepProgress) -> "Table":
    """Return a table with one row for each cell."""
    from rich.table import Table

    table = Table(title=printable(f"{progress.sweep}: {progress.text()}"), title_justify="left")
    for axis in progress.axes:
        table.add_column(printable(axis))
    table.add_column("generation", justify="right")
    table.add_column(printable(progress.metric), justify="right")
    for cell in progress.cells[-MAX_ROWS:]:
        table.add_row(
            *(printable(value) for value in cell.values),
            f"{cell.generation}/{progress.last_generation}",
            "" if cell.metric is None else f"{cell.metric:.4g}",
        )
    return table


def print_lines(text: str) -> None:
    """Print lines on the standard output, made printable; on a terminal, long lines are broken between words."""
    output = SubstitutingOutput(sys.stdout) if lacks_signs(sys.stdout) else sys.stdout
    width = shutil.get_terminal_size().columns if output.isatty() else sys.maxsize
    print(broken_lines(printable(text), width), file=output)


def open_console() -> "Console":
    """Return a console on the standard output. Where it is no terminal, it is wide enough for every table.

    Text is printed as it is: brackets and colons in messages and names are no markup. Signs that the coding of the
    output lacks are replaced; the output itself is not changed, since it may be a notebook's.
    """
    from rich.console import Console

    file = SubstitutingOutput(sys.stdout) if lacks_signs(sys.stdout) else None
    console = Console(file=cast("IO[str] | None", file), markup=False, emoji=False, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = 1000
    return console
