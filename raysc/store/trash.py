"""Setting things aside: what was damaged, or is to be made again, leaves its place but is not lost before ``raysc gc``.

Only manifests and metric files move, which are small; the files that a manifest speaks of stay where they are.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from uuid import uuid4

from raysc.store.objects import Objects
from raysc.store.publishing import Damaged

TRASH = "trash"
_WHY = "why.json"


def set_aside(objects: Objects, names: Iterable[str], why: str) -> None:
    """Move objects below trash/<time>-<id>/ under their own names, with the reason beside them."""
    folder = f"{TRASH}/{datetime.now(UTC).strftime('%Y%m%dT%H%M%S')}-{uuid4().hex[:8]}"
    told = False
    for name in names:
        try:
            data = objects.get(name)
        except FileNotFoundError:
            continue
        if not told:
            objects.put(f"{folder}/{_WHY}", json.dumps({"why": why}).encode())
            told = True
        objects.put(f"{folder}/{name}", data)
        objects.delete([name])


def set_damaged_aside(objects: Objects, damage: Damaged) -> None:
    """Take a damaged thing out of its place, so that the next plan has it made again."""
    set_aside(objects, [damage.name], str(damage))


class Notes:
    """The reasons of what is set aside from now on, whoever does it."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._known = set(self._names())

    def new(self) -> list[str]:
        """The reasons that have been added since the last call."""
        fresh = sorted(set(self._names()) - self._known)
        self._known.update(fresh)
        return [str(json.loads(self._objects.get(name))["why"]) for name in fresh]

    def _names(self) -> Iterator[str]:
        return (name for name in self._objects.names(TRASH) if name.count("/") == 2 and name.endswith(f"/{_WHY}"))
