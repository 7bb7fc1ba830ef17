"""raysc sweep: run what is missing."""

from pathlib import Path
from typing import Annotated

import typer
from raysc.cli.places import Overrides, Storage


def sweep(
    file: Annotated[Path, typer.Argument(help="The sweep file.")],
    overrides: Overrides = [],  # noqa: B006 - typer reads it, nobody writes to it
    storage: Storage = None,
    address: Annotated[
        str | None, typer.Option(help="Address of a Ray cluster; this machine if neither it nor RAY_ADDRESS is set.")
    ] = None,
) -> None:
    """Run what is missing of a sweep; safe to repeat."""
