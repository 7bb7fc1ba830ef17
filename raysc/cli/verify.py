"""raysc verify: a supplement against its checksums, and its table against a store."""

from pathlib import Path
from typing import Annotated

import typer

from raysc.errors import RayscError
from raysc.formatting import printable
from raysc.planning.open_sweep import open_existing_store


def verify(
    supplement: Annotated[Path, typer.Argument(metavar="SUPPLEMENT", help="A zip file of raysc export.")],
    storage: Annotated[
        str | None, typer.Option(metavar="URI", help="Compare the table with the results in this store, too.")
    ] = None,
) -> None:
    """Check that a supplement is as it was written; status 1 if a member was changed, lost or added."""
    from raysc.results.supplement.checksums import digest
    from raysc.results.supplement.verification import compare_with_store, verify_supplement

    check = verify_supplement(supplement)
    if check.problems:
        raise RayscError(f"{supplement} is not as it was written: {printable('; '.join(check.problems))}")
    with supplement.open("rb") as file:
        hashed = digest(iter(lambda: file.read(2**20), b""))
    typer.echo(f"ok: {check.members} members have their checksums (sha256 of the supplement {hashed})")
    if storage is None:
        return
    objects = open_existing_store(storage)
    rows, differences = compare_with_store(supplement, objects)
    if differences:
        raise RayscError(f"the table of {supplement} differs from {objects.uri}: {printable('; '.join(differences))}")
    typer.echo(f"ok: {rows} rows of the table agree with {objects.uri}, durations left out")
