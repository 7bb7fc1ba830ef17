"""Sweeps of one name in one store: the later one takes the folder of the earlier one, its table and its copy.

Generations are stored under keys of their settings, so they never collide.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from raysc.machine.paths import local_path
from raysc.planning.open_sweep import SWEEP_COPY, sweep_folder
from raysc.planning.resolved import ResolvedSweep
from raysc.store.artifacts import REFERENCE
from raysc.store.objects import Objects
from raysc.store.publishing import DamagedObjectError
from raysc.store.sweep_record import read_sweep_record
from raysc.sweepfile.sweep import Sweep

ORIGIN = "origin.json"
"""Object in a sweep's folder that names the file of which the copy is one."""


def check_name(sweep: Sweep, objects: Objects) -> None:
    """Refuse a name that a file system may take for that of another sweep of the store.

    Raises:
        InputError: the store is a folder with a sweep whose name differs in capital letters only.
    """
    if objects.folder is None:
        return  # names in buckets are distinct
    try:
        names = [path.name for path in (objects.folder / "sweeps").iterdir()]
    except OSError:
        return  # no sweep yet
    for name in names:
        if name != sweep.name and name.casefold() == sweep.name.casefold():
            raise sweep.error(
                "name",
                f"{sweep.name} differs from {name}, another sweep of {objects.uri}, in capital letters only; "
                "some file systems do not tell them apart; take another name",
            )


def replacement_note(resolved: ResolvedSweep, objects: Objects) -> str:
    """Return the note that a sweep replaces another one of its name in the store; "" if it does not.

    A sweep goes on with an earlier one if all keys of one are keys of the other, or if both come from one file and
    share a key.
    """
    sweep = resolved.sweep
    earlier = list(_recorded_keys(sweep.name, objects))
    if not earlier or resolved.keys in earlier:
        return ""
    origin = _read_origin(sweep.name, objects)
    known = frozenset().union(*earlier)
    same_file = origin == "" or origin == _origin(sweep)
    goes_on = resolved.keys <= known or any(keys <= resolved.keys for keys in earlier)
    if goes_on or (same_file and resolved.keys & known):
        return ""
    file = f" (its file: {origin})" if origin else ""
    return (
        f"sweep {sweep.name} of this store was another one{file}; its generations stay, its table and {SWEEP_COPY} are "
        "replaced; give one of the two another name to keep both"
    )


def write_origin(sweep: Sweep, objects: Objects) -> None:
    """Record the file of a sweep; a sweep that was read from its copy in the store keeps the record."""
    if origin := _origin(sweep):
        objects.put(f"{sweep_folder(sweep.name)}/{ORIGIN}", json.dumps({"file": origin}).encode())


def origin_of(sweep: Sweep, objects: Objects) -> str:
    """Return the path of a sweep's file, also for a copy in a store; "dict" for a mapping, "" if it is not known."""
    return _origin(sweep) or _read_origin(sweep.name, objects)


def _origin(sweep: Sweep) -> str:
    """Return the absolute path of a sweep's file, or the name of its mapping; "" for a copy in a store."""
    if Path(sweep.path).name == SWEEP_COPY:
        return ""
    return sweep.path if sweep.path == "dict" else str(local_path(sweep.path))


def _read_origin(name: str, objects: Objects) -> str:
    try:
        record = json.loads(objects.get(f"{sweep_folder(name)}/{ORIGIN}"))
    except (FileNotFoundError, ValueError, RecursionError):
        return ""
    file = record.get("file") if isinstance(record, dict) else None
    return file if isinstance(file, str) else ""


def _recorded_keys(name: str, objects: Objects) -> Iterator[frozenset[str]]:
    """Yield the keys of the lineages of every run of a sweep of this name."""
    for record_name in objects.names(f"{sweep_folder(name)}/asked"):
        try:
            record = read_sweep_record(objects, record_name)
        except (FileNotFoundError, DamagedObjectError):
            continue
        yield frozenset(key for key in record.keys if not key.startswith(REFERENCE))
