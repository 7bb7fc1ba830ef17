"""raysc plan: what a sweep would run, and why."""

import json
import os
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from raysc.cli.arguments import Overrides, Storage, SweepArgument, cluster_address, open_sweep

if TYPE_CHECKING:
    from raysc.estimates.cost import Cost
    from raysc.estimates.duration import Duration
    from raysc.estimates.size import Estimate
    from raysc.planning.plan import Plan
    from raysc.store.objects import Objects
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
    from raysc.estimates.size import estimate
    from raysc.planning.plan import make_plan
    from raysc.planning.resolved import lines
    from raysc.planning.validation import check, check_machine

    sweep, objects = open_sweep(sweep_file, storage, overrides)
    built = lines(sweep)
    check(sweep, built)
    cluster = cluster_address(None)
    if cluster is None and not sweep.prices:  # whoever names prices plans for other machines
        check_machine(sweep)
    made = make_plan(sweep, objects, built)
    size = estimate(made)
    expected = _costs(made, objects, cluster) if made.units else []
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
        "refits": _refits(made),
        "nodes": [vars(one) for one in expected],
        "reasons": dict(Counter(unit.reason for unit in made.units)),
    }
    took, lanes = None, _side_by_side(sweep)
    if time:
        from raysc.estimates.duration import estimate_duration

        took = estimate_duration(made)
        told |= {
            "core_seconds": took.core_seconds,
            "cores": _cores(),
            "seconds": None if lanes is None else took.on(lanes),
            "units_without_estimate": took.left_out,
            "tried_units": took.tried,
            "tried_seconds": took.tried_seconds,
        }
    if as_json:
        typer.echo(json.dumps(told))
        return
    _tell_sizes(made, size)
    for one in expected:
        typer.echo(_told(one))
    if took is not None:
        _tell_time(took, lanes)
    _tell_work(made)


def _refits(made: "Plan") -> int:
    """Published generations that would be trained again."""
    return sum(unit.refits for unit in made.refits)


def _tell_sizes(made: "Plan", size: "Estimate") -> None:
    """Cells, generations, rows and bytes."""
    from raysc.formatting import in_bytes

    sweep = made.sweep
    typer.echo(f"{sweep.name}: {len(made.lines)} cells, {len(sweep.seeds)} seeds, T = {sweep.generations}")
    typer.echo(
        f"generations: {made.done + made.to_do} in all, {made.done} done, {made.to_do} to do; "
        f"{made.shared} more are shared by cells"
    )
    if made.ancestors:
        typer.echo(f"generation 0s: {made.ancestors}; sharing them saves {made.trainings_saved} trainings")
    typer.echo(f"rows: {size.most_rows:,} sampled by a generation of a seed, {size.rows:,} in all")
    typer.echo(f"store: up to {in_bytes(size.most_bytes)} a generation of a seed, {in_bytes(size.bytes)} in all")


def _tell_work(made: "Plan") -> None:
    """What would run and why, and what a user may want to know of it."""
    from raysc.planning.validation import notes

    for wave, units in (("generation 0", made.initial), ("loop", made.loop)):
        for reason, count in Counter(unit.reason for unit in units).items():
            typer.echo(f"{wave}: {count} units to run: {reason}")
    for note in (*made.sweep.notes, *notes(made.sweep, made.lines)):
        typer.echo(f"note: {note}")
    if made.refits:
        typer.echo(f"{_refits(made)} published generations would be trained again: raysc sweep wants --remake for that")
    if not made.units:
        typer.echo("nothing to do")


def _costs(made: "Plan", objects: "Objects", cluster: str | None) -> "list[Cost]":
    """What is left, on each type of node that the sweep file prices, or else that the cluster may bring up."""
    from raysc.estimates.cost import Kind, cost, priced, seconds_to_do
    from raysc.results.table.table import load_table

    kinds = priced(made.sweep)
    if not kinds and cluster is not None and "://" not in cluster:  # by a tunnel one sees no nodes
        from raysc.cluster.capacity import capacity
        from raysc.cluster.waves import running_ray

        with running_ray(cluster):
            there = capacity()
        kinds = [
            Kind(one.name, one.resources.get("CPU", 0), one.resources.get("GPU", 0), min(one.most, there.most), None)
            for one in there.types
        ]
    if not kinds:
        return []
    seconds = seconds_to_do(made, load_table(made.sweep, objects))
    return [cost(kind, made, seconds) for kind in kinds]


def _told(expected: "Cost") -> str:
    from raysc.formatting import clock

    if not expected.nodes:
        return f"nodes: {expected.name} has too few cores or GPUs for a trial"
    if expected.hours is None:
        return f"nodes: up to {expected.nodes} {expected.name} at once; nothing was measured yet to tell how long"
    price = "" if expected.price is None else f", at a cost of {expected.price:.2f} by `prices:`"
    took = clock(3600 * expected.hours)
    return f"nodes: up to {expected.nodes} {expected.name} at once, about {took}{price}, if all generations take alike"


def _cores() -> int | None:
    """Those of this machine, unless a cluster is named, of which nothing is asked here."""
    return None if cluster_address(None) is not None else os.cpu_count() or 1


def _side_by_side(sweep: "Sweep") -> int | None:
    """How many units this machine runs at once."""
    cores = _cores()
    return None if cores is None else int(cores / sweep.resources.cpus)


def _tell_time(took: "Duration", lanes: int | None) -> None:
    from raysc.formatting import clock

    if took.units:
        whole = f"{clock(took.core_seconds)} of one core"
        wall = whole if lanes is None else f"{clock(took.on(lanes))} on {_cores()} cores ({whole})"
        typer.echo(f"time: about {wall}; {took.tried} units were tried with few seeds, in {clock(took.tried_seconds)}")
    if took.left_out:
        typer.echo(f"time: no estimate for {took.left_out} units that are trained, or measured by what is")
