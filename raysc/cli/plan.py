"""raysc plan: what a sweep would run, and why."""

import json
import os
from collections import Counter
from typing import Annotated

import typer

from raysc.cli.places import Overrides, Storage, SweepArgument, open_sweep


def plan(
    sweep_file: SweepArgument,
    overrides: Overrides = None,
    storage: Storage = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what a sweep would run, what is done already, and why each thing runs."""
    from raysc.checks import check, check_machine
    from raysc.plan import lines, make_plan

    sweep, objects = open_sweep(sweep_file, storage, overrides)
    built = lines(sweep)
    check(sweep, built)
    if "RAY_ADDRESS" not in os.environ:
        check_machine(sweep)
    made = make_plan(sweep, objects, built)
    told = {
        "cells": len(made.lines),
        "units": len(made.units),
        "generations_total": made.done + made.to_do,
        "generations_done": made.done,
        "generations_to_do": made.to_do,
        "ancestors": made.ancestors,
    }
    if as_json:
        typer.echo(json.dumps(told))
        return
    typer.echo(f"{sweep.name}: {told['cells']} cells, {len(sweep.seeds)} seeds, T = {sweep.generations}")
    typer.echo(f"generations: {made.done} done, {made.to_do} to do; {made.ancestors} generation 0s shared by all cells")
    for wave, units in (("generation 0", made.initial), ("loop", made.loop)):
        for reason, count in Counter(unit.reason for unit in units).items():
            typer.echo(f"{wave}: {count} units to run: {reason}")
    for note in sweep.notes:
        typer.echo(f"note: {note}")
    if not made.units:
        typer.echo("nothing to do")
