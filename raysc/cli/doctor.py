"""raysc doctor: check that this machine can run sweeps."""

from typing import Annotated

import typer

from raysc.cli.arguments import Storage, cluster_address
from raysc.planning.opening import open_store


def doctor(
    storage: Storage = None,
    address: Annotated[
        str | None, typer.Option(help="A Ray cluster, else RAY_ADDRESS; without either, Ray is started here.")
    ] = None,
) -> None:
    """Check versions, cores, memory, GPUs, Ray and the storage, with remedies; status 1 if something is broken."""
    from raysc.cluster.doctor import examine

    broken = 0
    for finding in examine(cluster_address(address), open_store(storage)):
        broken += finding.broken
        mark = "broken" if finding.broken else "note" if finding.remedy else "ok"
        typer.echo(f"{mark:8}{finding.subject}: {finding.state}")
        if finding.remedy:
            typer.echo(f"{'':8}-> {finding.remedy}")
    if broken:
        typer.echo(f"{broken} to mend")
        raise typer.Exit(1)
