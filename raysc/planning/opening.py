"""Opening of sweeps: from what a user names, a file, a folder of a store or a mapping, to a sweep and its store."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from raysc import registry
from raysc.errors import InputError, RayscError
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep, read_sweep, read_sweep_mapping, read_sweep_text

DEFAULT_STORE = "./raysc-store"
SWEEP_COPY = "sweep.yaml"
"""Name of the copy of a sweep file in the sweep's folder."""
RAYSC_STORAGE = "RAYSC_STORAGE"
"""Environment variable with the folder or URI of the store."""


def sweep_folder(name: str) -> str:
    """Return a sweep's folder in the store. It holds a copy of the file, the table, the picture and Tune's records."""
    return f"sweeps/{name}"


def open_sweep(
    source: str | Mapping[str, Any], storage: str | None = None, overrides: Sequence[str] | None = None
) -> tuple[Sweep, Objects]:
    """Read a sweep and open its store.

    Args:
        source: a sweep file; a folder of a store, ``<store>/sweeps/<name>``, also as a URI; the name of a sweep in the
            store; or a mapping with the keys of a sweep file.
        storage: a folder or URI; it precedes RAYSC_STORAGE, the file's ``storage`` and the default.
        overrides: ``a.b=c``, in order.

    Raises:
        InputError: the sweep does not exist or cannot work.
    """
    if isinstance(source, Mapping):
        sweep = read_sweep_mapping(source, overrides or (), registry)
        return sweep, open_store(storage, sweep)
    if "://" in source:
        return _open_remote_folder(source, storage, overrides)
    path = Path(source)
    if path.is_dir() and (path / SWEEP_COPY).is_file():
        if path.resolve().parent.name == "sweeps" and storage is None:
            storage = str(path.resolve().parent.parent)
        path = path / SWEEP_COPY
    elif not path.exists() and "/" not in source and not path.suffix:
        store = Path(storage or os.environ.get(RAYSC_STORAGE) or DEFAULT_STORE)
        if (copy := store / sweep_folder(source) / SWEEP_COPY).is_file():
            path = copy
    registry.add_plugin_folder(path.parent)
    sweep = read_sweep(str(path), overrides or (), registry)
    return sweep, open_store(storage, sweep)


def open_store(storage: str | None, sweep: Sweep | None = None) -> Objects:
    """Open a store: ``storage``, else RAYSC_STORAGE, else the sweep's, else the default. It need not exist."""
    named = sweep.storage if sweep is not None else None
    return Objects.open(storage or os.environ.get(RAYSC_STORAGE) or named or DEFAULT_STORE)


def open_existing_store(storage: str | None) -> Objects:
    """Open a store for a command that names no sweep.

    Raises:
        InputError: it is a folder that does not exist.
    """
    objects = open_store(storage)
    if objects.folder is not None and not objects.folder.is_dir():
        raise InputError(
            f"storage {objects.folder}: there is no such folder; give another with --storage or RAYSC_STORAGE"
        )
    return objects


def no_results(sweep: Sweep, objects: Objects) -> RayscError:
    """Return the error of a command that shows results if the store has none."""
    return RayscError(
        f"{objects.uri} holds no results of {sweep.name} yet; if it ran with --set or --storage, give them here too"
    )


def shared_storage(objects: Objects, storage: str | None, sweep: Sweep) -> str:
    """Return the URI of a store that a cluster is to use.

    Raises:
        InputError: nobody named a store, and the default folder of this machine is of no use to a cluster.
    """
    if not (storage or os.environ.get(RAYSC_STORAGE) or sweep.storage):
        raise InputError(
            "a cluster needs storage that all its machines see: give a bucket (s3://, gs://, az://) or a folder of a "
            "shared file system with --storage, RAYSC_STORAGE or `storage:` in the sweep file"
        )
    return objects.uri


def _open_remote_folder(source: str, storage: str | None, overrides: Sequence[str] | None) -> tuple[Sweep, Objects]:
    """Read the copy of a sweep file from a sweep's folder in a bucket."""
    root, separator, name = source.rstrip("/").rpartition("/sweeps/")
    if not separator or "/" in name:
        raise InputError(f"{source}: expected a sweep file, or a sweep's folder such as {DEFAULT_STORE}/sweeps/NAME")
    objects = Objects.open(root)
    try:
        text = objects.get(f"{sweep_folder(name)}/{SWEEP_COPY}").decode()
    except FileNotFoundError:
        raise InputError(f"{source}: there is no sweep of that name in this store") from None
    sweep = read_sweep_text(text, SWEEP_COPY, overrides or (), registry)
    return sweep, Objects.open(storage) if storage else objects
