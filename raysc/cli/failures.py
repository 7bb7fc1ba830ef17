"""raysc failures: the units of a sweep that failed, with their reasons."""

import json
from typing import Annotated

import typer

from raysc.cli.arguments import Overrides, Storage, SweepArgument
from raysc.display import print_lines
from raysc.formatting import printable
from raysc.planning.open_sweep import open_sweep
from raysc.seeds import seed_text, seeds_text


def failures(
    sweep_file: SweepArgument,
    traceback: Annotated[bool, typer.Option("--traceback", help="Print the whole tracebacks.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of objects.")] = False,
    overrides: Overrides = None,
    storage: Storage = None,
) -> None:
    """List the units that failed and are still missing: cell, seeds, and the place and error in one line."""
    from raysc.planning.plan import make_plan
    from raysc.results.failure_reasons import failed_units, failure_reason
    from raysc.results.plots.labels import cell_label
    from raysc.results.thresholds.resolution import resolve_in_store

    sweep, objects = open_sweep(sweep_file, storage, overrides)
    failed = failed_units(make_plan(resolve_in_store(sweep, objects), objects).units, sweep.name, objects)
    if as_json:
        rows = [
            {
                "unit": unit.name,
                "cell": unit.cell.number,
                "seeds": list(unit.seeds),
                "reason": failure_reason(text),
                "traceback": text,
            }
            for unit, text in failed
        ]
        typer.echo(json.dumps(rows, indent=1))
        return
    for unit, text in failed:
        seeds = f"seed{'s' * (len(unit.seeds) > 1)} {seeds_text(unit.seeds)}"
        print_lines(f"cell {unit.cell.number} ({cell_label(unit.cell)}), {seeds}: {failure_reason(text)}")
        if traceback:
            typer.echo("\n".join(f"    {printable(line)}" for line in text.strip().splitlines()))
    print_lines(f"{sweep.name}: {len(failed)} failed{'; raysc sweep runs them again' * bool(failed)}")
    if failed:
        unit = failed[0][0]
        which = f"--cell {unit.cell.number} --seed {seed_text(unit.seeds[0])}"
        typer.echo(printable(f"one of them in this process, with pdb: raysc sweep {sweep_file} --debug {which}"))
