"""State of a running sweep, and the protocol of displays that show it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from raysc.formatting import clock

if TYPE_CHECKING:
    from rich.table import Table


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
        generations_done: number of generations >= 1 that were published, of all seeds and models.
        generations_total: number of generations to publish, counted likewise, as ``raysc plan`` does.
        last_generation: T, the last generation of each cell.
        elapsed_seconds: seconds since the run began.
        remaining_seconds: estimate of the seconds until the end; None while there is too little to estimate from.
        activities: each unit that runs, with its progress within a generation, in words.
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
