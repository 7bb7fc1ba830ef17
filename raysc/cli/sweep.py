"""raysc sweep: run what is missing."""

import os
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from raysc.cli.arguments import (
    IN_JOB,
    Overrides,
    Storage,
    SweepArgument,
    cluster_address,
    open_console,
    open_sweep,
    shared_storage,
    sweep_folder,
)
from raysc.errors import InputError
from raysc.sweepfile.yaml_writer import written

if TYPE_CHECKING:
    from rich.console import Console

    from raysc.planning.plan import Plan
    from raysc.planning.resolved import Line
    from raysc.store.objects import Objects
    from raysc.sweepfile import Sweep

Lines = tuple["Line", ...]

MOST_REASONS = 3
"""Different reasons of failures that are printed; all are in the sweep's folder."""


def sweep(
    file: SweepArgument,
    overrides: Overrides = None,
    storage: Storage = None,
    address: Annotated[
        str | None, typer.Option(help="A Ray cluster, else RAY_ADDRESS: it runs there as a job. Else this machine.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Move what there is of it to the trash first.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check every stored file of it first; damaged ones are made again.")
    ] = False,
    remake: Annotated[
        bool, typer.Option("--remake", help="Train published generations again where their states were dropped.")
    ] = False,
) -> None:
    """Run what is missing of a sweep; safe to repeat."""
    asked, objects = open_sweep(file, storage, overrides)
    if (cluster := cluster_address(address)) is not None:
        flags = [f"--{name}" for name, given in (("fresh", fresh), ("verify", verify), ("remake", remake)) if given]
        raise typer.Exit(_submit(asked, shared_storage(objects, storage, asked), cluster, flags))
    try:
        failures = run_sweep(asked, objects, open_console(), address, fresh, verify, remake)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if failures:
        raise typer.Exit(1)


def run_sweep(
    asked: "Sweep",
    objects: "Objects",
    console: "Console",
    address: str | None = None,
    fresh: bool = False,
    verify: bool = False,
    remake: bool = False,
) -> dict[str, str]:
    """What the command does, once it knows its sweep and store, where no job does it.

    Returns:
        Unit -> traceback of what failed; everything else is published.
    """
    from raysc.planning.plan import make_plan
    from raysc.planning.resolved import addresses, lines, reference_keys
    from raysc.planning.validation import check, check_machine, notes
    from raysc.store.publishing import Damaged
    from raysc.store.sweep_record import write_asked
    from raysc.store.trash import set_damaged_aside

    built = lines(asked)
    check(asked, built)
    if address is None and "RAY_ADDRESS" not in os.environ:
        check_machine(asked)
    objects.probe()
    if fresh:
        _start_afresh(asked, built, objects, console)
    if verify:
        _set_damaged_aside(asked, built, objects, console)
    plan = make_plan(asked, objects, built)
    if plan.refits:
        _refit(plan, objects, remake)
        plan = make_plan(asked, objects, built)
    console.print(
        f"{asked.name}: {len(plan.lines)} cells x {len(asked.seeds)} seeds x {asked.generations} generations; "
        f"{len(plan.units)} units to run, {plan.done} generations done, {plan.to_do} to do"
    )
    for note in (*asked.notes, *notes(asked, plan.lines)):
        console.print(f"note: {note}")
    _keep_copy(asked, objects)
    write_asked(objects, asked.name, asked.resolved, addresses(built) | reference_keys(asked, built))
    while True:
        try:
            failures = _run(plan, built, objects, address, console) if plan.units else {}
            _conclude(plan, objects, failures, console)
            break
        except KeyboardInterrupt:
            console.print("stopped; what is published stays, and the same command goes on from there")
            raise
        except Damaged as damage:  # the table could not be read
            console.print(f"note: {damage}; it is set aside and made again")
            set_damaged_aside(objects, damage)
            plan = make_plan(asked, objects, built)
    return failures


def _submit(asked: "Sweep", store: str, cluster: str, flags: list[str]) -> int:
    """Run the sweep as a job of a cluster, and follow it; the job's exit status."""
    from raysc.cluster.jobs import Submission, connect, job_name, plugin_files, run_as_job
    from raysc.cluster.waves import plugins
    from raysc.planning.resolved import lines
    from raysc.planning.validation import check

    built = lines(asked)
    check(asked, built)
    file = f"{asked.name}.yaml"
    files = {file: written(asked).encode(), **plugin_files(plugins(asked, built))}
    options = ["--storage", store, *flags]
    submission = Submission(job_name(asked.name, store), file, options, IN_JOB, files)
    return run_as_job(connect(cluster), submission, typer.echo, partial(typer.echo, nl=False))


def _start_afresh(asked: "Sweep", built: Lines, objects: "Objects", console: "Console") -> None:
    """Say what will be redone, and move it to the trash."""
    from raysc.planning.resolved import addresses
    from raysc.store.inventory import entries_of, running
    from raysc.store.sweep_record import read_asked
    from raysc.store.trash import set_aside

    keys = addresses(built)
    if others := running(keys, objects):
        raise InputError(f"--fresh: {others} runs some of it at this moment; wait until it has ended, or stop it")
    names = entries_of(keys, asked.seeds, objects)
    spans = [name for name in names if name.startswith("spans/")]
    console.print(
        f"--fresh: {len(spans)} published spans of {len({name.split('/')[1] for name in spans})} lineages and "
        "generation 0s move to the trash (until raysc gc --yes) and are made again"
    )
    for other in sorted({one.name for one in read_asked(objects) if one.keys & keys} - {asked.name}):
        console.print(f"note: sweep {other} shares some of them, and will use the new ones")
    set_aside(objects, names, f"raysc sweep --fresh of {asked.name}")


def _set_damaged_aside(asked: "Sweep", built: Lines, objects: "Objects", console: "Console") -> None:
    from raysc.planning.resolved import addresses
    from raysc.store.inventory import damages
    from raysc.store.trash import set_damaged_aside

    checked = 0
    for damage in damages(addresses(built), asked.seeds, objects):
        checked += 1
        if damage is not None:
            console.print(f"note: {damage}; it is set aside and made again")
            set_damaged_aside(objects, damage)
    console.print(f"--verify: {checked} spans and metric files were read and compared with their checksums")


def _refit(plan: "Plan", objects: "Objects", remake: bool) -> None:
    """Going on would train published generations again: only if that was asked for."""
    from raysc.store.retention import unmark
    from raysc.store.spans import published
    from raysc.store.trash import set_aside

    units = plan.refits
    if not remake:
        cells = ", ".join(sorted({str(unit.line.number) for unit in units}, key=int))
        raise plan.sweep.error(
            "keep",
            f"the states that {len(units)} units (cells {cells}) would go on from were dropped by `keep`: "
            f"{sum(unit.refits for unit in units)} published generations would have to be trained again; "
            "add --remake if that is wanted",
        )
    for unit in units:
        if not unit.missing:  # measured again: models and rows are gone, so the generations are
            key = unit.line.keys.lineage
            gone = [span.name for span in published(objects, key)[key][unit.seeds] if span.last <= unit.refits]
            set_aside(objects, gone, f"raysc sweep --remake of {plan.sweep.name}")
            unmark(objects, key, unit.seeds)


def _keep_copy(asked: "Sweep", objects: "Objects") -> None:
    """Put the sweep file into the sweep's folder, so that other commands can be pointed at it."""
    objects.put(f"{sweep_folder(asked.name)}/sweep.yaml", written(asked).encode())


def _run(plan: "Plan", built: Lines, objects: "Objects", address: str | None, console: "Console") -> dict[str, str]:
    from raysc.cluster.driver import run_to_the_end
    from raysc.cluster.loggers import check_loggers
    from raysc.cluster.preflight import check_cluster
    from raysc.cluster.progress import Progress
    from raysc.cluster.waves import running_ray

    check_loggers(plan.sweep)
    with running_ray(address):
        check_cluster(plan.sweep, objects)
        with Progress(plan, console, objects) as progress:
            run_to_the_end(plan.sweep, built, objects, progress, console.print)
    return progress.failures


def _conclude(plan: "Plan", objects: "Objects", failures: dict[str, str], console: "Console") -> None:
    """The table and its picture into the store, the summary and the next commands onto the screen."""
    from raysc.results.plots.curves import curves_picture
    from raysc.results.table.summary import summary
    from raysc.results.table.table import load_table

    folder = sweep_folder(plan.sweep.name)
    if failures:
        reasons = Counter(traceback.strip().splitlines()[-1] for traceback in failures.values())
        for reason, count in reasons.most_common(MOST_REASONS):
            console.print(f"{count} failed: {reason}")
    for unit, traceback in failures.items():
        objects.put(f"{folder}/failures/{unit}.txt", traceback.encode())
    table = load_table(plan.sweep, objects)
    objects.put(f"{folder}/table.parquet", table.to_parquet(index=False))
    if len(table):
        objects.put(f"{folder}/curves.png", curves_picture(plan.sweep, table))
    console.print(summary(plan.sweep, table, min(console.width, 140)))
    if failures:
        console.print(f"{len(failures)} failed; tracebacks: {objects.uri}/{folder}/failures/; run it again to retry")
    where = objects.folder / folder if objects.folder else f"{objects.uri}/{folder}"
    console.print(f"table, picture (curves.png) and Tune's records: {where}")
    console.print(f"next: raysc results {where} --by regime,lambda")
    if plan.sweep.claims:
        console.print(f"      raysc claims {where}")
    console.print(f"      raysc samples {where}")
