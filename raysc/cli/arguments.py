"""Which sweep and which store a command is about."""

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from raysc import registry
from raysc.errors import InputError, RayscError
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep, read_sweep

if TYPE_CHECKING:
    from rich.console import Console

DEFAULT = "./raysc-store"
COPY = "sweep.yaml"
IN_JOB = "RAYSC_JOB"
"""In the environment of a sweep that runs as a Ray job: the job's id."""
HEAD_FILE = Path("~/ray_bootstrap_config.yaml")
"""What ``ray up`` leaves on the head of a cluster, and nowhere else."""

Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="a.b=c", help="Override a setting of the sweep file; may be given several times."),
]
Storage = Annotated[
    str | None,
    typer.Option(metavar="URI", help=f"The store: a folder or URI. Else RAYSC_STORAGE, the file's, {DEFAULT}."),
]
SweepArgument = Annotated[str, typer.Argument(metavar="SWEEP", help="A sweep file, or a sweep's folder in the store.")]


def sweep_folder(name: str) -> str:
    """A sweep's folder in the store: a copy of its file, its table and picture, Tune's own records."""
    return f"sweeps/{name}"


def open_sweep(argument: str, storage: str | None, overrides: Sequence[str] | None) -> tuple[Sweep, Objects]:
    """Read a sweep and find its store.

    Args:
        argument: a sweep file; or a folder of a store, ``<store>/sweeps/<name>``, or the name of a sweep in it.
        storage: from the command line; it goes before RAYSC_STORAGE, the file's ``storage`` and the default.
        overrides: ``a.b=c``.

    Raises:
        InputError: there is no such file, or it cannot be read.
    """
    if "://" in argument:
        return _open_stored(argument, storage, overrides)
    path = Path(argument)
    if path.is_dir() and (path / COPY).is_file():
        if path.resolve().parent.name == "sweeps" and storage is None:
            storage = str(path.resolve().parent.parent)
        path = path / COPY
    elif not path.exists() and "/" not in argument and not path.suffix:
        chosen = Path(storage or os.environ.get("RAYSC_STORAGE") or DEFAULT)
        if (kept := chosen / sweep_folder(argument) / COPY).is_file():
            path = kept
    registry.look_in(path.parent)
    sweep = read_sweep(str(path), overrides or (), registry)
    return sweep, Objects.at(storage or os.environ.get("RAYSC_STORAGE") or sweep.storage or DEFAULT)


def nothing_yet(sweep: Sweep, objects: Objects) -> RayscError:
    """The error of a command that shows results, where there are none."""
    return RayscError(
        f"{objects.uri} holds no results of {sweep.name} yet; if it ran with --set or --storage, give them here too"
    )


def cluster_address(address: str | None) -> str | None:
    """The Ray cluster that a sweep is to be submitted to; None if it runs in place.

    Args:
        address: from the command line; else RAY_ADDRESS, else the cluster whose head this is, by ``ray up``.
    """
    if IN_JOB in os.environ:
        return None
    found = address or os.environ.get("RAY_ADDRESS") or ("auto" if HEAD_FILE.expanduser().exists() else None)
    return None if found == "local" else found


def shared_storage(objects: Objects, storage: str | None, sweep: Sweep) -> str:
    """The URI of a store that a cluster is to use.

    Raises:
        InputError: nobody named one, and a folder of this machine is no use there.
    """
    if not (storage or os.environ.get("RAYSC_STORAGE") or sweep.storage):
        raise InputError(
            "a cluster needs storage that all its machines see: give a bucket (s3://, gs://, az://) or a folder of a "
            "shared file system with --storage, RAYSC_STORAGE or `storage:` in the sweep file"
        )
    return objects.uri


def open_store(storage: str | None) -> Objects:
    """The store that a command is about which names no sweep."""
    objects = open_place(storage)
    if objects.folder is not None and not objects.folder.is_dir():
        told = f"storage {objects.folder}: there is no such folder"
        raise InputError(f"{told}; give another with --storage or RAYSC_STORAGE")
    return objects


def open_place(storage: str | None) -> Objects:
    """The store that a command is about which names no sweep; it need not be there."""
    return Objects.at(storage or os.environ.get("RAYSC_STORAGE") or DEFAULT)


def _open_stored(argument: str, storage: str | None, overrides: Sequence[str] | None) -> tuple[Sweep, Objects]:
    """A sweep's folder in a bucket: its sweep file is read from there."""
    root, found, name = argument.rstrip("/").rpartition("/sweeps/")
    if not found or "/" in name:
        raise InputError(f"{argument}: expected a sweep file, or a sweep's folder such as {DEFAULT}/sweeps/NAME")
    held = Objects.at(root)
    try:
        text = held.get(f"{sweep_folder(name)}/{COPY}")
    except FileNotFoundError:
        raise InputError(f"{argument}: there is no sweep of that name in this store") from None
    with TemporaryDirectory() as folder:
        file = Path(folder) / COPY
        file.write_bytes(text)
        sweep = read_sweep(str(file), overrides or (), registry)
    return sweep, Objects.at(storage) if storage else held


def open_console() -> "Console":
    """The standard output: a terminal as wide as it is, and anything else wide enough that no table is cut.

    Text is shown as it is: brackets and colons in somebody's message or name are no markup.
    """
    from rich.console import Console

    console = Console(markup=False, emoji=False, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = 1000
    return console
