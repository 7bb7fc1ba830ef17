"""raysc gc: what of a store nobody needs."""

from typing import Annotated

import typer

from raysc.cli.arguments import Storage, open_store
from raysc.formatting import in_bytes


def gc(
    storage: Storage = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove it, not only say it.")] = False,
) -> None:
    """Say what of a store nobody needs, or remove it: what `keep` lets go, lost attempts, the trash."""
    from datetime import UTC, datetime

    from raysc.store.gc import find_garbage, remove

    objects = open_store(storage)
    found = find_garbage(objects, datetime.now(UTC), typer.echo)
    for garbage in found:
        typer.echo(f"{in_bytes(garbage.bytes)} in {len(garbage.objects)} objects: {garbage.why}")
        if yes:
            remove(garbage, objects)
    total = in_bytes(sum(garbage.bytes for garbage in found))
    if not found:
        typer.echo(f"{objects.uri}: nothing to remove")
    elif yes:
        typer.echo(f"{objects.uri}: {total} removed")
    else:
        typer.echo(f"{objects.uri}: {total} in all; raysc gc --yes removes them")
