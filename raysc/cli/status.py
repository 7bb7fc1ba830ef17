"""raysc status: how far a sweep is, from any machine that can read its store."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from raysc.cli.arguments import Overrides, Storage, SweepArgument, open_console, open_sweep

if TYPE_CHECKING:
    from rich.console import Group

    from raysc.results.status import Status

EVERY = 5.0
"""Seconds between two looks of --watch on a terminal."""
QUIET = 30.0
"""The same where there is no terminal."""
MOST_ROWS = 30
"""Cells that --watch shows: those at work first, then those that failed."""


def status(
    sweep_file: SweepArgument,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on until nothing is left to do, or Ctrl-C; else look once.")
    ] = False,
    overrides: Overrides = None,
    storage: Storage = None,
) -> None:
    """Say what is done, running, waiting, failed and diverged, cell by cell; rate and time left."""
    from raysc.planning.resolved import lines
    from raysc.results.status import status as look

    sweep, objects = open_sweep(sweep_file, storage, overrides)
    built = lines(sweep)
    console = open_console()
    found = look(sweep, objects, built)
    if not watch:
        console.print(shown(found, None))
        return
    try:
        if console.is_terminal:
            from rich.live import Live

            with Live(shown(found, MOST_ROWS), console=console, auto_refresh=False) as live:
                while _open(found):
                    time.sleep(EVERY)
                    found = look(sweep, objects, built)
                    live.update(shown(found, MOST_ROWS), refresh=True)
            return
        console.print(headline(found))
        while _open(found):
            time.sleep(QUIET)
            found = look(sweep, objects, built)
            console.print(headline(found))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _open(found: "Status") -> bool:
    """Whether something runs or waits for it."""
    return found.count("running") + found.count("waiting") > 0


def headline(found: "Status") -> str:
    """Counts of runs, retrainings done, the rate and the time left, on one line."""
    from raysc.formatting import clock
    from raysc.results.status import STATES

    counts = ", ".join(f"{count} {state}" for state in STATES if (count := found.count(state)) or state == "done")
    runs = len(found.sweep.cells) * len(found.sweep.seeds)
    told = f"{found.sweep.name}: of {runs} runs {counts}; {found.done}/{found.total} generations"
    if found.rate:
        each = f"{found.rate:.3g} a second" if found.rate >= 1 else f"{60 * found.rate:.3g} a minute"
        told += f", {each}"
    if found.left is not None:
        told += f", about {clock(found.left)} left"
    return told


def shown(found: "Status", most: int | None) -> "Group":
    """The headline and a row per cell, of many cells those that are not done."""
    from rich.console import Group
    from rich.text import Text

    from raysc.results.status import STATES
    from raysc.results.table.table import varying_axes
    from raysc.results.table.text import empty_table, value_text

    axes = varying_axes(found.sweep.cells)
    table = empty_table("", ["cell", *axes, *STATES, "generations"])
    ranked = sorted(found.cells, key=lambda cell: (not cell.count("running"), not cell.count("failed")))
    rows = found.cells if most is None or len(found.cells) <= most else sorted(ranked[:most], key=lambda c: c.number)
    each = len(found.sweep.seeds) * found.sweep.generations
    for cell in rows:
        told = [value_text(found.sweep.cells[cell.number].axes[axis]) for axis in axes]
        counts = [str(cell.count(state) or "") for state in STATES]
        table.add_row(str(cell.number), *told, *counts, f"{cell.generations}/{each}")
    people = sorted({str(holder) for holder in found.at_work})
    doing = [Text(f"{one}: {one.doing}") for one in found.at_work if one.doing]
    notes = [Text(f"and {len(found.cells) - len(rows)} more cells")] if len(rows) < len(found.cells) else []
    if people:
        notes += [Text(f"at work: {', '.join(people)}"), *doing[:MOST_ROWS]]
    elif found.last is not None:
        notes.append(Text(f"nobody is at work; last published {found.last.astimezone():%Y-%m-%d %H:%M:%S}"))
    return Group(Text(headline(found)), table, *notes)
