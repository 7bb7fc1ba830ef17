"""Opening of sweeps: from what a user names, a file, a folder of a store or a mapping, to a sweep and its store."""

import os
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from raysc import registry
from raysc.errors import InputError, RayscError
from raysc.machine.content_cache import empty_content_caches
from raysc.machine.paths import local_path
from raysc.machine.plugin_modules import refresh_plugins
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep, read_sweep, read_sweep_mapping, read_sweep_text
from raysc.sweepfile.schema import name_problem, plain_name

DEFAULT_STORE = "./raysc-store"
SWEEP_COPY = "sweep.yaml"
"""Name of the copy of a sweep file in the sweep's folder."""
RAYSC_STORAGE = "RAYSC_STORAGE"
"""Environment variable with the folder or URI of the store."""


def sweep_folder(name: str) -> str:
    """Return a sweep's folder in the store. It holds a copy of the file, the table, the picture and Tune's records."""
    return f"sweeps/{name}"


def open_sweep(
    source: str | Mapping[str, Any],
    storage: str | PathLike[str] | None = None,
    overrides: Sequence[str] | str | None = None,
) -> tuple[Sweep, Objects]:
    """Read a sweep and open its store. Everything is read from files anew: they may have changed since the last call.

    Args:
        source: a sweep file; a folder of a store, ``<store>/sweeps/<name>``, also as a URI; the name of a sweep in the
            store, if there is no file of that name; or a mapping with the keys of a sweep file.
        storage: a folder or URI; it precedes RAYSC_STORAGE, the file's ``storage`` and the default.
        overrides: ``a.b=c``, in order; a single text is one override.

    Raises:
        InputError: the sweep does not exist or cannot work.
    """
    empty_content_caches()
    refresh_plugins()
    changes = _override_texts(overrides)
    if isinstance(source, Mapping):
        sweep = read_sweep_mapping(source, changes, registry)
        return sweep, open_store(storage, sweep)
    if "://" in source:
        return _open_remote_folder(source, storage, changes)
    path = local_path(source)
    copy = path / SWEEP_COPY
    if copy.is_file():
        folder = path.resolve().parent
        stored = Objects.open(folder.parent) if folder.name == "sweeps" and storage is None else None
        registry.add_plugin_folder(path)
        sweep = read_sweep(str(Path(source) / SWEEP_COPY), changes, registry)
        return sweep, stored or open_store(storage, sweep)
    if not path.is_file() and "/" not in source:
        objects = open_store(storage)
        text = _stored_copy(objects, source)
        if text is not None:
            copy_name = f"{objects.uri}/{sweep_folder(source)}/{SWEEP_COPY}"
            return read_sweep_text(text, copy_name, changes, registry), objects
        if not path.exists():
            raise InputError(f"{source}: there is no such file, and no sweep of that name in {objects.uri}")
    registry.add_plugin_folder(path.parent)
    sweep = read_sweep(source, changes, registry)
    return sweep, open_store(storage, sweep)


def open_store(storage: str | PathLike[str] | None, sweep: Sweep | None = None) -> Objects:
    """Open a store: ``storage``, else RAYSC_STORAGE, else the sweep's, else the default. It need not exist.

    Raises:
        InputError: no store can be there.
    """
    if storage:
        return Objects.open(storage)
    if variable := os.environ.get(RAYSC_STORAGE):
        try:
            return Objects.open(variable)
        except InputError as error:
            raise InputError(f"{RAYSC_STORAGE}: {error}") from None
    if sweep is not None and sweep.storage is not None:
        try:
            return Objects.open(sweep.storage)
        except InputError as error:
            raise sweep.error("storage", str(error)) from None
    return Objects.open(DEFAULT_STORE)


def _override_texts(overrides: Sequence[str] | str | None) -> tuple[str, ...]:
    """Return overrides as a tuple; InputError if one is no text."""
    texts = (overrides,) if isinstance(overrides, str) else tuple(overrides or ())
    for text in texts:
        if not isinstance(text, str):
            raise InputError(f"overrides: expected texts such as 'seeds=2', got {text!r}")
    return texts


def _stored_copy(objects: Objects, name: str) -> str | None:
    """Return the copy of a sweep file in a store; None if the store has no sweep of that name."""
    if name_problem(name):
        return None
    try:
        return objects.get(f"{sweep_folder(plain_name(name))}/{SWEEP_COPY}").decode()
    except FileNotFoundError:
        return None


def open_existing_store(storage: str | PathLike[str] | None) -> Objects:
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


def _open_remote_folder(
    source: str, storage: str | PathLike[str] | None, overrides: Sequence[str]
) -> tuple[Sweep, Objects]:
    """Read the copy of a sweep file from a sweep's folder at a URI."""
    root, separator, name = source.rstrip("/").rpartition("/sweeps/")
    if not separator or "/" in name:
        raise InputError(f"{source}: expected a sweep file, or a sweep's folder such as {DEFAULT_STORE}/sweeps/NAME")
    objects = Objects.open(root)
    text = _stored_copy(objects, unquote(name) if root.startswith("file:") else name)
    if text is None:
        raise InputError(f"{source}: there is no sweep of that name in this store")
    sweep = read_sweep_text(text, SWEEP_COPY, overrides, registry)
    return sweep, Objects.open(storage) if storage else objects
