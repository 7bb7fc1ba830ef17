"""raysc gc: garbage collection of a store."""

from functools import partial
from typing import Annotated

import typer

from raysc.cli.arguments import StoreOption
from raysc.formatting import in_bytes
from raysc.planning.open_sweep import open_existing_store


def gc(
    storage: StoreOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete the garbage; else only list it.")] = False,
) -> None:
    """List or delete what no sweep of a store needs: what `keep` drops, files of lost attempts, the trash."""
    from datetime import UTC, datetime

    from raysc.planning.retention_rules import retention_rules
    from raysc.results.thresholds.resolution import resolve_in_store
    from raysc.store.gc import collect_garbage, find_garbage

    objects = open_existing_store(storage)
    read_rules = partial(retention_rules, report=typer.echo, resolve_sweep=partial(resolve_in_store, objects=objects))
    total, count = 0, 0
    collect = collect_garbage if yes else find_garbage
    for garbage in collect(objects, datetime.now(UTC), read_rules, typer.echo):
        typer.echo(f"{in_bytes(garbage.bytes)} in {garbage.count} objects: {garbage.reason}")
        total, count = total + garbage.bytes, count + garbage.count
    if not count:
        typer.echo(f"{objects.uri}: nothing to remove")
    elif yes:
        typer.echo(f"{objects.uri}: {in_bytes(total)} removed")
    else:
        typer.echo(f"{objects.uri}: {in_bytes(total)} in all; raysc gc --yes removes them")
