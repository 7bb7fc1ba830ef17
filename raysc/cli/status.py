"""raysc status: progress of a sweep, from any machine that can read its store."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from raysc.cli.arguments import Overrides, Storage, SweepArgument
from raysc.display import open_console, print_lines
from raysc.formatting import printable
from raysc.planning.open_sweep import open_sweep

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.text import Text

    from raysc.planning.resolved import ResolvedSweep
    from raysc.results.status import Status
    from raysc.store.objects import Objects
    from raysc.sweepfile import Sweep

REFRESH_SECONDS = 5.0
"""Seconds between two reads of --watch on a terminal."""
LOG_SECONDS = 30.0
"""Seconds between two reads of --watch where the output is no terminal."""
MAX_REASONS = 3
"""Number of different failures that are shown; raysc failures has all of them."""
MAX_ROWS = 30
"""Number of cells that --watch shows: running ones first, then failed ones."""


def status(
    sweep_file: SweepArgument,
    watch: Annotated[
        bool, typer.Option("--watch", help="Repeat until nothing is left to do, or Ctrl-C; else read once.")
    ] = False,
    overrides: Overrides = None,
    storage: Storage = None,
) -> None:
    """Count the runs that are done, running, waiting, failed and diverged, cell by cell; rate and time left."""
    sweep, objects = open_sweep(sweep_file, storage, overrides)
    console = open_console()
    resolved, current = _read(sweep, objects)
    if not watch:
        console.print(status_table(current, None))
        for text in _notes(resolved, objects):
            print_lines(text)
        return
    try:
        _watch(current, sweep, objects, console)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _read(sweep: "Sweep", objects: "Objects") -> "tuple[ResolvedSweep, Status]":
    """Resolve a sweep and read its status; that of a search is the one of its present round."""
    from raysc.results.status import read_status
    from raysc.results.thresholds.resolution import resolve_in_store

    resolved = resolve_in_store(sweep, objects)
    return resolved, read_status(resolved, objects)


def _notes(resolved: "ResolvedSweep", objects: "Objects") -> "list[str]":
    """Return the present answer of each search of a sweep, and a sentence on the runs that ``loop.until`` ended."""
    sweep = resolved.sweep
    if sweep.search is None and sweep.until is None:
        return []
    from raysc.results.table.early_ends import early_ends_text
    from raysc.results.table.table import load_table
    from raysc.results.thresholds.answers import answer_texts

    table = load_table(resolved, objects)
    return [*answer_texts(resolved, table, objects), *filter(None, [early_ends_text(sweep, table)])]


def _watch(current: "Status", sweep: "Sweep", objects: "Objects", console: "Console") -> None:
    """Show the status again and again until nothing runs or waits."""
    if console.is_terminal:
        from rich.live import Live

        with Live(status_table(current, MAX_ROWS), console=console, auto_refresh=False) as live:
            while _unfinished(current):
                time.sleep(REFRESH_SECONDS)
                _, current = _read(sweep, objects)
                live.update(status_table(current, MAX_ROWS), refresh=True)
        return
    console.print(printable(headline(current)))
    while _unfinished(current):
        time.sleep(LOG_SECONDS)
        _, current = _read(sweep, objects)
        console.print(printable(headline(current)))


def _unfinished(status: "Status") -> bool:
    """Return True if something runs or waits."""
    return status.count("running") + status.count("waiting") > 0


def headline(status: "Status") -> str:
    """Format counts of runs, retrainings done, the rate and the time left, on one line."""
    from raysc.formatting import clock
    from raysc.results.status import STATES

    counts = ", ".join(f"{count} {state}" for state in STATES if (count := status.count(state)) or state == "done")
    runs = sum(len(cell.seeds) for cell in status.cells)
    parts = [f"{status.sweep.name}: of {runs} runs {counts}; {status.done}/{status.total} generations"]
    if status.rate:
        parts.append(f"{status.rate:.3g} a second" if status.rate >= 1 else f"{60 * status.rate:.3g} a minute")
    if status.remaining_seconds is not None:
        parts.append(f"about {clock(status.remaining_seconds)} left")
    return ", ".join(parts)


def status_table(status: "Status", max_rows: int | None) -> "Group":
    """Build the headline and a table with a row per cell; of too many cells, those that are not done.

    States in which no run is have no column.
    """
    from rich.console import Group
    from rich.text import Text

    from raysc.results.status import STATES
    from raysc.results.table.number_format import value_text
    from raysc.results.table.table import varying_axes
    from raysc.results.table.terminal_table import empty_table

    axes = varying_axes(status.sweep.cells)
    states = [state for state in STATES if status.count(state) or state == "done"]  # for terminals of 80 columns
    table = empty_table("", ["cell", *axes, *states, "generations"])
    rows = status.cells
    if max_rows is not None and len(rows) > max_rows:
        ranked = sorted(rows, key=lambda cell: (not cell.count("running"), not cell.count("failed")))
        rows = tuple(sorted(ranked[:max_rows], key=lambda cell: cell.number))
    for cell in rows:
        generations = len(cell.seeds) * status.sweep.generations_of(cell.number)
        values = [value_text(status.sweep.cells[cell.number].axes[axis]) for axis in axes]
        counts = [str(cell.count(state) or "") for state in states]
        table.add_row(str(cell.number), *values, *counts, f"{cell.generations}/{generations}")
    notes = [Text(f"and {len(status.cells) - len(rows)} more cells")] if len(rows) < len(status.cells) else []
    reasons = [Text(printable(f"{count} failed: {reason}")) for reason, count in status.reasons[:MAX_REASONS]]
    return Group(Text(printable(headline(status))), table, *notes, *reasons, *_activity(status))


def _activity(status: "Status") -> "list[Text]":
    """Format who runs units, and what they do; or when something was published last."""
    from rich.text import Text

    if status.holders:
        names = ", ".join(sorted({str(holder) for holder in status.holders}))
        activities = [Text(printable(f"{holder}: {holder.doing}")) for holder in status.holders if holder.doing]
        return [Text(printable(f"at work: {names}")), *activities[:MAX_ROWS]]
    if status.last_published is not None:
        return [Text(f"nobody is at work; last published {status.last_published.astimezone():%Y-%m-%d %H:%M:%S}")]
    return []
