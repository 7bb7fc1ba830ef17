"""Trash: damaged objects, and those to be made again, move below trash/ and stay there until ``raysc gc``.

Only manifests and metric files move, which are small. The files that a manifest lists stay in their attempt's folder.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from raysc.store import host
from raysc.store.objects import Objects
from raysc.store.publishing import DamagedObjectError

TRASH = "trash"
_REASON_FILE = "why.json"


def move_to_trash(objects: Objects, names: Iterable[str], reason: str) -> None:
    """Move objects below trash/<time>-<id>/, where they keep their names, and store the reason beside them.

    Absent objects are skipped.
    """
    this = host.current()
    folder = f"{TRASH}/{datetime.fromtimestamp(this.time(), UTC).strftime('%Y%m%dT%H%M%S')}-{this.new_id()[:8]}"
    reason_written = False
    for name in names:
        try:
            data = objects.get(name)
        except FileNotFoundError:
            continue
        if not reason_written:
            objects.put(f"{folder}/{_REASON_FILE}", json.dumps({"why": reason}).encode())
            reason_written = True
        objects.put(f"{folder}/{name}", data)
        objects.delete([name])


def move_damaged_to_trash(objects: Objects, damage: DamagedObjectError) -> None:
    """Move a damaged object to the trash, so that the next plan makes it again."""
    move_to_trash(objects, [damage.name], str(damage))


class TrashReasons:
    """Reasons of all moves to the trash of one store since this object was made, by any process."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._known = set(self._names())

    def new(self) -> list[str]:
        """Return the reasons that were added since the last call."""
        added = sorted(set(self._names()) - self._known)
        self._known.update(added)
        return [str(json.loads(self._objects.get(name))["why"]) for name in added]

    def _names(self) -> Iterator[str]:
        return (
            name for name in self._objects.names(TRASH) if name.count("/") == 2 and name.endswith(f"/{_REASON_FILE}")
        )
