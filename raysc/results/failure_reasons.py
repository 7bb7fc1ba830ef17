"""Reasons of failed units, each in one line, from the tracebacks in a sweep's folder."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePath

from raysc.planning.units import Unit
from raysc.store.objects import Objects

FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<function>\S+)', re.MULTILINE)
"""A frame of a traceback."""
LIBRARY = ("site-packages", "dist-packages", "raysc")
"""Folders with code that a user has not written."""
STANDARD = re.compile(r"/lib/python3\.\d+/")
"""Folder of the standard library."""


def failure_reason(traceback: str) -> str:
    """Return ``bad.py:19 in measure: IndexError: ...``: the innermost frame of the user's code and the error.

    Without a frame of the user's code it is the innermost frame; without frames the last line of the text.
    """
    lines = traceback.strip().splitlines()
    if not lines:
        return "empty traceback"
    frames = list(FRAME.finditer(traceback))
    if not frames:
        return lines[-1]
    frame = next((frame for frame in reversed(frames) if _is_users(frame["file"])), frames[-1])
    return f"{PurePath(frame['file']).name}:{frame['line']} in {frame['function']}: {lines[-1]}"


def _is_users(file: str) -> bool:
    """Return True for a file of a user: of no library, and no generated code such as a dataclass's ``<string>``."""
    return not file.startswith("<") and not STANDARD.search(file) and not set(PurePath(file).parts) & set(LIBRARY)


def failed_units(units: Iterable[Unit], sweep_name: str, objects: Objects) -> list[tuple[Unit, str]]:
    """Return the units that left a traceback in a sweep's folder, each with it.

    Args:
        units: the units that are missing; the tracebacks of others are of earlier runs.
        sweep_name: name of the sweep.
        objects: the store.
    """
    prefix = f"sweeps/{sweep_name}/failures/"
    names = {name.removeprefix(prefix).removesuffix(".txt"): name for name in objects.names(prefix.rstrip("/"))}
    return [(unit, objects.get(names[unit.name]).decode(errors="replace")) for unit in units if unit.name in names]


def reason_counts(tracebacks: Iterable[str]) -> list[tuple[str, int]]:
    """Return each distinct reason with the number of units that failed for it, the most frequent one first."""
    return Counter(failure_reason(traceback) for traceback in tracebacks).most_common()
