"""Display of a running sweep: its state, the protocol of displays, and the display on a terminal or in a log."""

import codecs
import io
import sys
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Protocol, cast
from unicodedata import normalize

from raysc.formatting import clock, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table

LIVE_SECONDS = 0.5
"""Seconds between two updates of the live table."""

LOG_SECONDS = 30.0
"""Seconds between two lines where the output is not a terminal."""

UNKNOWN_SIGNS = "raysc.signs"
"""Name of the error handler of codecs that replaces signs which a coding lacks."""

SUBSTITUTES = {
    "\N{PLUS-MINUS SIGN}": "+-",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{DIVISION SIGN}": "/",
    "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{RIGHTWARDS ARROW}": "->",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{GREEK SMALL LETTER LAMDA}": "lambda",
    "\N{GREEK SMALL LETTER SIGMA}": "sigma",
}
"""Sign -> its form in ASCII. Other signs that a coding lacks lose their accents, or become a question mark."""

MAX_ROWS = 40
"""Maximum number of cells in the live table: the last ones in the sweep's order."""


@dataclass(frozen=True)
class CellProgress:
    """Progress of one cell of which at least one generation was reported.

    Attributes:
        values: the cell's values on the axes of ``SweepProgress.axes``; "" where it has none.
        generation: last published generation, the minimum over the cell's packs of seeds.
        metric: mean over the packs of the last value of the metric; None if no pack reported one.
    """

    values: tuple[str, ...]
    generation: int
    metric: float | None


@dataclass(frozen=True)
class SweepProgress:
    """State of a sweep at one moment of its run.

    Attributes:
        sweep: name of the sweep.
        units_done: number of units that have ended without an error.
        units_total: number of units to run.
        units_failed: number of units that failed.
        generations_done: number of generations that were published, counted once per pack of seeds.
        generations_total: number of generations to publish, counted likewise.
        last_generation: T, the last generation of each cell.
        elapsed_seconds: seconds since the run began.
        remaining_seconds: estimate of the seconds until the end; None while there is too little to estimate from.
        activities: progress within a generation, in words, of each unit that reports one.
        axes: dotted names of the axes on which the cells differ.
        metric: column of the metric that ``CellProgress.metric`` holds.
        cells: progress by cell, in the sweep's order.
    """

    sweep: str
    units_done: int
    units_total: int
    units_failed: int
    generations_done: int
    generations_total: int
    last_generation: int
    elapsed_seconds: float
    remaining_seconds: float | None
    activities: tuple[str, ...]
    axes: tuple[str, ...]
    metric: str
    cells: tuple[CellProgress, ...]

    def text(self) -> str:
        """Return ``1/4 units, 5/16 generations, 1 failed, 42 s, about 1 min 30 s left; training: ... (and 2 more)``."""
        parts = [f"{self.units_done}/{self.units_total} units"]
        parts.append(f"{self.generations_done}/{self.generations_total} generations")
        if self.units_failed:
            parts.append(f"{self.units_failed} failed")
        parts.append(clock(self.elapsed_seconds))
        if self.remaining_seconds is not None:
            parts.append(f"about {clock(self.remaining_seconds)} left")
        counts = ", ".join(parts)
        if not self.activities:
            return counts
        more = f" (and {len(self.activities) - 1} more)" if len(self.activities) > 1 else ""
        return f"{counts}; {self.activities[0]}{more}"


class Display(Protocol):
    """A display of a running sweep, such as a terminal or a notebook.

    ``start`` is called before the first ``update``, and ``stop`` after the last. ``say`` and ``show`` may be called at
    any time.
    """

    @property
    def width(self) -> int:
        """Return the width of the output in characters."""
        ...

    @property
    def update_seconds(self) -> float:
        """Return the minimum number of seconds between two updates."""
        ...

    def start(self) -> None:
        """Begin to show progress."""
        ...

    def stop(self) -> None:
        """End the display of progress."""
        ...

    def say(self, text: str) -> None:
        """Print one line, such as a note or a warning."""
        ...

    def show(self, table: "Table") -> None:
        """Print a table, such as the summary at the end."""
        ...

    def update(self, progress: SweepProgress) -> None:
        """Show the current state."""
        ...


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


def open_console() -> "Console":
    """Return a console on the standard output. Where it is no terminal, it is wide enough for every table.

    Text is printed as it is: brackets and colons in messages and names are no markup. Signs that the coding of the
    output lacks are replaced; the output itself is not changed, since it may be a notebook's.
    """
    from rich.console import Console

    file = SubstitutingOutput(sys.stdout) if _lacks_signs(sys.stdout) else None
    console = Console(file=cast("IO[str] | None", file), markup=False, emoji=False, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = 1000
    return console


def replace_unknown_signs(*outputs: IO[str] | None) -> None:
    """Make outputs of this process replace the signs that their coding lacks, for the rest of the process."""
    for output in outputs:
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(errors=UNKNOWN_SIGNS)


class SubstitutingOutput(io.TextIOBase):
    """An output in front of another one, which replaces the signs that the other one's coding lacks."""

    def __init__(self, output: IO[str]) -> None:
        """Wrap an output."""
        self._output = output

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed declares an attribute
        """Return the coding of the output."""
        return _coding(self._output)

    def write(self, text: str) -> int:
        """Write a text."""
        self._output.write(text.encode(self.encoding, UNKNOWN_SIGNS).decode(self.encoding))
        return len(text)

    def flush(self) -> None:
        """Flush the output."""
        self._output.flush()

    def isatty(self) -> bool:
        """Return True for a terminal."""
        return self._output.isatty()

    def fileno(self) -> int:
        """Return the descriptor of the output."""
        return self._output.fileno()


def _lacks_signs(output: IO[str] | None) -> bool:
    """Return True if the coding of an output lacks signs, and the output does not replace them itself."""
    if output is None or not getattr(output, "encoding", None) or getattr(output, "errors", None) == UNKNOWN_SIGNS:
        return False
    return not _coding(output).startswith("utf")


def _coding(output: IO[str]) -> str:
    """Return the name of the coding of an output."""
    return codecs.lookup(getattr(output, "encoding", None) or "utf-8").name


def _substitute(error: UnicodeError) -> tuple[str, int]:
    """Return the substitutes of the signs that cannot be encoded, and the end of these signs."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_ascii, error.object[error.start : error.end])), error.end


def _ascii(sign: str) -> str:
    """Return a form of a sign in ASCII."""
    return SUBSTITUTES.get(sign) or normalize("NFKD", sign).encode("ascii", "ignore").decode() or "?"


codecs.register_error(UNKNOWN_SIGNS, _substitute)
