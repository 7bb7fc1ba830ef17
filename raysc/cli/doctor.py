"""raysc doctor: check that this machine can run sweeps."""

from typing import Annotated

import typer

from raysc.cli.arguments import cluster_address
from raysc.planning.open_sweep import DEFAULT_STORE, open_store


def doctor(
    storage: Annotated[
        str | None,
        typer.Option(
            "--storage",
            "--store",
            metavar="URI",
            help=f"The store, which is tested by 1,000 races. Else RAYSC_STORAGE or {DEFAULT_STORE}, without races.",
        ),
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="A Ray cluster, else RAY_ADDRESS; without either, Ray is started here.")
    ] = None,
) -> None:
    """Check versions, cores, memory, GPUs, Ray and the storage, with remedies; status 1 if something is broken.

    With --storage, two writers race to create 1,000 objects there, and listing and clock are tested.
    """
    from raysc.cluster.doctor import examine

    broken = 0
    for finding in examine(cluster_address(address), open_store(storage), race_storage=storage is not None):
        broken += finding.broken
        mark = "broken" if finding.broken else "note" if finding.remedy else "ok"
        typer.echo(f"{mark:8}{finding.subject}: {finding.state}")
        if finding.remedy:
            typer.echo(f"{'':8}-> {finding.remedy}")
    if broken:
        typer.echo(f"{broken} to mend")
        raise typer.Exit(1)
