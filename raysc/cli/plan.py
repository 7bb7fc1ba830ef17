"""raysc plan: what a sweep would run, and why."""

import json
import os
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from raysc.cli.places import Overrides, Storage, SweepArgument, open_sweep

if TYPE_CHECKING:
    from raysc.running.trying import Duration
    from raysc.sweepfile import Sweep


def plan(
    sweep_file: SweepArgument,
    overrides: Overrides = None,
    storage: Storage = None,
    time: Annotated[
        bool, typer.Option("--time", help="Say how long it will take too; some closed-form units are tried for that.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what a sweep would run, what is done already, and why each thing runs."""
    from raysc.checks import check, check_machine
    from raysc.cli.sizes import in_bytes
    from raysc.estimates import estimate
    from raysc.plan import lines, make_plan

    sweep, objects = open_sweep(sweep_file, storage, overrides)
    built = lines(sweep)
    check(sweep, built)
    if "RAY_ADDRESS" not in os.environ:
        check_machine(sweep)
    made = make_plan(sweep, objects, built)
    size = estimate(made)
    told = {
        "cells": len(made.lines),
        "units": len(made.units),
        "generations_total": made.done + made.to_do,
        "generations_done": made.done,
        "generations_to_do": made.to_do,
        "generations_shared": made.shared,
        "ancestors": made.ancestors,
        "trainings_saved": made.trainings_saved,
        "rows": size.rows,
        "bytes": size.bytes,
        "refits": sum(unit.refits for unit in made.refits),
        "reasons": dict(Counter(unit.reason for unit in made.units)),
    }
    took = None
    if time:
        from raysc.running.trying import estimate_duration

        took = estimate_duration(made)
        told |= {
            "core_seconds": took.core_seconds,
            "cores": _cores(),
            "seconds": None if (lanes := _side_by_side(sweep)) is None else took.on(lanes),
            "units_without_estimate": took.left_out,
            "tried_units": took.tried,
            "tried_seconds": took.tried_seconds,
        }
    if as_json:
        typer.echo(json.dumps(told))
        return
    typer.echo(f"{sweep.name}: {told['cells']} cells, {len(sweep.seeds)} seeds, T = {sweep.generations}")
    typer.echo(
        f"generations: {made.done + made.to_do} in all, {made.done} done, {made.to_do} to do; "
        f"{made.shared} more are shared by cells"
    )
    if made.ancestors:
        typer.echo(f"generation 0s: {made.ancestors}; sharing them saves {made.trainings_saved} trainings")
    typer.echo(f"rows: {size.most_rows:,} sampled by a generation of a seed, {size.rows:,} in all")
    typer.echo(f"store: up to {in_bytes(size.most_bytes)} a generation of a seed, {in_bytes(size.bytes)} in all")
    if took is not None:
        _tell_time(took, _side_by_side(sweep))
    for wave, units in (("generation 0", made.initial), ("loop", made.loop)):
        for reason, count in Counter(unit.reason for unit in units).items():
            typer.echo(f"{wave}: {count} units to run: {reason}")
    for note in sweep.notes:
        typer.echo(f"note: {note}")
    if made.refits:
        typer.echo(
            f"{told['refits']} published generations would be trained again: raysc sweep wants --remake for that"
        )
    if not made.units:
        typer.echo("nothing to do")


def _cores() -> int | None:
    """Those of this machine, unless a cluster is named, of which nothing is asked here."""
    return None if "RAY_ADDRESS" in os.environ else os.cpu_count() or 1


def _side_by_side(sweep: "Sweep") -> int | None:
    """How many units this machine runs at once."""
    cores = _cores()
    return None if cores is None else int(cores / sweep.resources.cpus)


def _tell_time(took: "Duration", lanes: int | None) -> None:
    from raysc.durations import clock

    if took.units:
        whole = f"{clock(took.core_seconds)} of one core"
        wall = whole if lanes is None else f"{clock(took.on(lanes))} on {_cores()} cores ({whole})"
        typer.echo(f"time: about {wall}; {took.tried} units were tried with few seeds, in {clock(took.tried_seconds)}")
    if took.left_out:
        typer.echo(f"time: no estimate for {took.left_out} units that are trained, or measured by what is")
