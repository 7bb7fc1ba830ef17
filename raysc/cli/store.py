"""raysc store: the sweeps of a store and their sizes, and giving up a sweep."""

from collections import defaultdict
from typing import Annotated

import typer

from raysc.cli.arguments import StoreOption
from raysc.errors import InputError
from raysc.formatting import in_bytes, printable
from raysc.planning.open_sweep import open_existing_store
from raysc.sweepfile.messages import did_you_mean

store = typer.Typer(no_args_is_help=True, help="List the sweeps of a store, measure it, or give up a sweep.")


@store.command("ls")
def list_sweeps(storage: StoreOption = None) -> None:
    """List the sweeps of a store: when their folder changed last, and its size."""
    objects = open_existing_store(storage)
    changed: dict[str, tuple[str, int]] = {}
    for entry in objects.list_objects("sweeps"):
        name = entry.name.split("/")[1]
        time, size = changed.get(name, ("", 0))
        changed[name] = max(time, f"{entry.last_modified.astimezone():%Y-%m-%d %H:%M}"), size + entry.size
    for name, (time, size) in sorted(changed.items(), key=lambda item: item[1][0], reverse=True):
        typer.echo(printable(f"{time}  {in_bytes(size):>8}  {name}"))
    if not changed:
        typer.echo(f"{objects.uri}: no sweeps")


@store.command("du")
def measure(storage: StoreOption = None) -> None:
    """Measure a store: bytes and objects by kind."""
    objects = open_existing_store(storage)
    sizes: dict[str, list[int]] = defaultdict(list)
    for entry in objects.list_objects():
        sizes[entry.name.partition("/")[0]].append(entry.size)
    for kind, of_kind in sorted(sizes.items(), key=lambda item: -sum(item[1])):
        typer.echo(f"{in_bytes(sum(of_kind)):>8}  {len(of_kind):>8} objects  {printable(kind)}")
    total = [size for of_kind in sizes.values() for size in of_kind]
    typer.echo(f"{in_bytes(sum(total)):>8}  {len(total):>8} objects  in all")


@store.command("rm")
def remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of a sweep.")],
    yes: Annotated[bool, typer.Option("--yes", help="Delete its folder; else only say what would be deleted.")] = False,
    storage: StoreOption = None,
) -> None:
    """Give up a sweep: delete its folder. raysc gc then deletes the generations that no other sweep needs."""
    from raysc.store.inventory import describe_holders
    from raysc.store.sweep_record import read_sweep_records

    objects = open_existing_store(storage)
    entries = list(objects.list_objects(f"sweeps/{name}"))
    if not entries:
        known = {entry.split("/")[1] for entry in objects.names("sweeps")}
        raise InputError(f"raysc store rm {name}: {objects.uri} has no such sweep{did_you_mean(name, sorted(known))}")
    keys = {key for record in read_sweep_records(objects) if record.name == name for key in record.keys}
    if holders := describe_holders(keys, objects):
        raise InputError(f"raysc store rm {name}: {holders} runs some of it at this moment; wait until it has ended")
    size = in_bytes(sum(entry.size for entry in entries))
    if not yes:
        typer.echo(printable(f"{name}: {len(entries)} objects, {size}; raysc store rm {name} --yes deletes them"))
        return
    objects.delete([entry.name for entry in entries])
    typer.echo(printable(f"{name}: {len(entries)} objects, {size}, deleted; raysc gc lists what nobody needs any more"))
