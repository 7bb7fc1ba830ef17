"""raysc sweep: run what is missing."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from raysc.cli.places import Overrides, Storage, SweepArgument, open_console, open_sweep, sweep_folder

if TYPE_CHECKING:
    from rich.console import Console

    from raysc.plan import Plan
    from raysc.store.objects import Objects


def sweep(
    file: SweepArgument,
    overrides: Overrides = None,
    storage: Storage = None,
    address: Annotated[
        str | None, typer.Option(help="A Ray cluster; this machine if neither it nor RAY_ADDRESS is set.")
    ] = None,
) -> None:
    """Run what is missing of a sweep; safe to repeat."""
    from raysc.checks import check, check_machine
    from raysc.plan import lines, make_plan

    asked, objects = open_sweep(file, storage, overrides)
    built = lines(asked)
    check(asked, built)
    if address is None and "RAY_ADDRESS" not in os.environ:
        check_machine(asked)
    objects.probe()
    plan = make_plan(asked, objects, built)
    console = open_console()
    console.print(
        f"{asked.name}: {len(plan.lines)} cells x {len(asked.seeds)} seeds x {asked.generations} generations; "
        f"{len(plan.units)} units to run, {plan.done} generations done, {plan.to_do} to do"
    )
    for note in asked.notes:
        console.print(f"note: {note}")
    _keep_copy(plan, objects)
    try:
        failures = _run(plan, objects, address, console) if plan.units else {}
    except KeyboardInterrupt:
        console.print("stopped; what is published stays, and the same command goes on from there")
        raise typer.Exit(130) from None
    _conclude(plan, objects, failures, console)
    if failures:
        raise typer.Exit(1)


def _keep_copy(plan: "Plan", objects: "Objects") -> None:
    """Put the sweep file, overrides applied, into the sweep's folder, so that other commands can be pointed at it."""
    import io

    from ruamel.yaml import YAML

    text = io.StringIO()
    YAML(typ="safe", pure=True).dump({**plan.sweep.resolved, "name": plan.sweep.name}, text)
    objects.put(f"{sweep_folder(plan.sweep.name)}/sweep.yaml", text.getvalue().encode())


def _run(plan: "Plan", objects: "Objects", address: str | None, console: "Console") -> dict[str, str]:
    from raysc.cluster.preflight import check_cluster
    from raysc.cluster.progress import Progress
    from raysc.cluster.run import run_plan, running_ray

    with running_ray(address):
        check_cluster(plan.sweep)
        with Progress(plan, console) as progress:
            run_plan(plan, objects, progress)
    for unit, traceback in progress.failures.items():
        objects.put(f"{sweep_folder(plan.sweep.name)}/failures/{unit}.txt", traceback.encode())
    return progress.failures


def _conclude(plan: "Plan", objects: "Objects", failures: dict[str, str], console: "Console") -> None:
    """The table and its picture into the store, the summary and the next commands onto the screen."""
    from raysc.results.curves import curves_picture
    from raysc.results.summary import summary
    from raysc.results.table import load_table

    folder = sweep_folder(plan.sweep.name)
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
    console.print(f"      raysc samples {where}")
