"""raysc sweep: run what is missing."""

from itertools import zip_longest
from typing import Annotated

import typer

from raysc.cli.arguments import JOB_VARIABLE, Overrides, Storage, SweepArgument, cluster_address, parse_seed
from raysc.cli.debug import debug as run_debug
from raysc.display import ConsoleDisplay, open_console
from raysc.errors import InputError
from raysc.planning.open_sweep import open_sweep, shared_storage


def sweep(
    file: SweepArgument,
    overrides: Overrides = None,
    storage: Storage = None,
    address: Annotated[
        str | None, typer.Option(help="A Ray cluster, else RAY_ADDRESS: it runs there as a job. Else this machine.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Move the sweep's entries to the trash first.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check every stored file first; damaged ones are made again.")
    ] = False,
    remake: Annotated[
        bool, typer.Option("--remake", help="Train published generations again where their states were dropped.")
    ] = False,
    debug: Annotated[
        bool,
        typer.Option(
            "--debug",
            help="Run one cell and seed in this process, without Ray: prints and breakpoints work, and an error opens "
            "pdb in a terminal. Results go to a temporary folder, or to --storage.",
        ),
    ] = False,
    cell: Annotated[int | None, typer.Option(help="With --debug: number of the cell; else the first.")] = None,
    seed: Annotated[
        int | None,
        typer.Option(parser=parse_seed, metavar="SEED", help="With --debug: the seed; else the first."),
    ] = None,
) -> None:
    """Run what is missing of a sweep; safe to repeat."""
    console = open_console()
    display = ConsoleDisplay(console)
    display.say(f"reading {file}")  # before imports and files that take seconds
    from raysc.runner import RunOptions, run_sweep

    loaded, objects = open_sweep(file, storage, overrides)
    flags = [f"--{name}" for name, on in (("fresh", fresh), ("verify", verify), ("remake", remake)) if on]
    if debug:
        if flags or address:
            raise InputError(
                f"--debug runs in this process; leave out {', '.join([*flags, *['--address'] * bool(address)])}"
            )
        if loaded.search is not None:  # cells are numbered as in the table
            from raysc.results.thresholds.rounds import read_state

            loaded = read_state(loaded, objects).resolved.sweep
        run_debug(loaded, storage, cell, seed)
        return
    if cell is not None or seed is not None:
        raise InputError("--cell and --seed need --debug")
    if (cluster := cluster_address(address)) is not None:
        from raysc.cluster.jobs import submit_sweep

        store = shared_storage(objects, storage, loaded)
        raise typer.Exit(submit_sweep(loaded, store, cluster, flags, JOB_VARIABLE, typer.echo))
    try:
        outcome = run_sweep(loaded, objects, display, RunOptions(address, fresh, verify, remake))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    commands = [*(["failures"] if outcome.failures else []), "report", "figure", "results"]
    for prefix, command in zip_longest(["next: "], [*commands, *(["claims"] if loaded.claims else [])]):
        console.print(f"{prefix or ' ' * 6}raysc {command} {outcome.folder}")
    if outcome.failures:
        raise typer.Exit(1)
