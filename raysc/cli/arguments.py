"""Arguments and options that several commands share."""

import os
from pathlib import Path
from typing import Annotated

import typer

from raysc.machine.paths import is_existing
from raysc.planning.open_sweep import DEFAULT_STORE
from raysc.seeds import read_seed

JOB_VARIABLE = "RAYSC_JOB"
"""Environment variable with the job id of a sweep that runs as a Ray job."""
HEAD_FILE = "~/ray_bootstrap_config.yaml"
"""File that ``ray up`` writes on the head of a cluster."""

Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="a.b=c", help="Override a setting of the sweep file; may be given several times."),
]
Storage = Annotated[
    str | None,
    typer.Option(metavar="URI", help=f"The store: a folder or URI. Else RAYSC_STORAGE, the file's, {DEFAULT_STORE}."),
]
StoreOption = Annotated[
    str | None,
    typer.Option(metavar="URI", help=f"The store: a folder or URI. Else RAYSC_STORAGE or {DEFAULT_STORE}."),
]
"""``Storage`` of commands without a sweep file."""
SweepArgument = Annotated[str, typer.Argument(metavar="SWEEP", help="A sweep file, or a sweep's folder in the store.")]


def parse_seed(text: str) -> int:
    """Return the seed of a command line: a number, or four seeds by purpose as in d7i0t3s1."""
    try:
        return read_seed(text)
    except ValueError:
        raise typer.BadParameter("expected a seed such as 3 or d7i0t3s1") from None


Seed = Annotated[
    int | None,
    typer.Option(parser=parse_seed, metavar="SEED", help="The replicate, such as 3 or d7i0t3s1; else the first one."),
]


def cluster_address(address: str | None) -> str | None:
    """Return the Ray cluster to which a sweep is submitted; None if it runs in place.

    Args:
        address: from the command line; else RAY_ADDRESS, else the cluster whose head this machine is, by ``ray up``.
    """
    if JOB_VARIABLE in os.environ:
        return None
    cluster = address or os.environ.get("RAY_ADDRESS") or ("auto" if _is_head() else None)
    return None if cluster == "local" else cluster


def _is_head() -> bool:
    """Return True on a machine that ``ray up`` has made the head of a cluster."""
    try:
        return is_existing(Path(HEAD_FILE).expanduser())
    except RuntimeError:  # containers run with user ids that have no home
        return False
