"""Trash: damaged objects, and those to be made again, move below trash/ and stay there until ``raysc gc``.

Only manifests and metric files move, which are small. The files that a manifest lists stay in their attempt's folder.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256

from raysc.store import host
from raysc.store.names import TRASHED
from raysc.store.objects import Objects
from raysc.store.publishing import DamagedObjectError, DamagedStateError, Manifest, is_training_state
from raysc.store.retention import Tombstone, delete_tombstones, dropped_generations, write_tombstone
from raysc.store.spans import published_spans, read_span

TRASH = "trash"
CLAIM_SECONDS = 30
"""Seconds after which a process that moves an object counts as dead."""
_REASON_FILE = "why.json"


def move_to_trash(objects: Objects, names: Iterable[str], reason: str) -> None:
    """Move objects below trash/<time>-<id>/, where they keep their names, and store the reason beside them.

    Absent objects are skipped.
    """
    folder = _Folder(objects, reason)
    for name in names:
        try:
            data = objects.get(name)
        except FileNotFoundError:
            continue
        folder.move(name, data)


def move_dropped_to_trash(objects: Objects, lineages: Iterable[str], seeds: tuple[int, ...], reason: str) -> None:
    """Move generations of a unit below trash/, so that the next plan makes them again.

    These are the generations up to the last whose models retention dropped, of any model: coupled models read each
    other's samples.

    Args:
        objects: the store.
        lineages: keys of the unit's lineages.
        seeds: the pack.
        reason: stored beside them.
    """
    lineages = tuple(lineages)
    last = max(dropped_generations(objects, lineage, seeds).get("models", 0) for lineage in lineages)
    published = [
        span for lineage in lineages for span in published_spans(objects, lineage).get(lineage, {}).get(seeds, ())
    ]
    move_to_trash(objects, [span.name for span in published if span.last <= last], reason)
    for lineage in lineages:
        delete_tombstones(objects, lineage, seeds)


def move_damaged_to_trash(objects: Objects, damage: DamagedObjectError) -> None:
    """Move a damaged object to the trash, so that the next plan makes it again.

    Nothing happens if another process has moved the object or replaced it since it was judged.

    The manifest of a generation whose training state is damaged stays, since the generation's model, rows and metrics
    are right. Its state is deleted and counts as dropped: to continue from there, published generations must be
    trained again, which a plan refuses without ``--remake``. Generation 0, which stays whole, is made again.
    """
    span = read_span(damage.name)
    with _claimed(objects, damage.name):
        try:
            data = objects.get(damage.name)
        except FileNotFoundError:
            return
        if damage.digest not in ("", sha256(data).hexdigest()):
            return
        if isinstance(damage, DamagedStateError) and span is not None and span.first > 0:
            write_tombstone(objects, Tombstone(span.lineage, span.seeds, "training_state", span.first))
            manifest = Manifest.read(objects, damage.name)
            objects.delete(manifest.object_name(file) for file in manifest.files if is_training_state(file))
        else:
            _Folder(objects, str(damage)).move(damage.name, data)


@contextmanager
def _claimed(objects: Objects, name: str) -> Iterator[None]:
    """Let one process at a time judge and move an object: else the slower one moves what the faster one made again.

    A process that dies inside leaves its claim; it is ignored once it has stood for ``CLAIM_SECONDS``.
    """
    this = host.current()
    claim, owner = f"{TRASH}/claims/{sha256(name.encode()).hexdigest()[:32]}", this.new_id().encode()
    for _ in range(CLAIM_SECONDS):
        if objects.create(claim, owner):
            break
        this.sleep(1.0)
    try:
        yield
    finally:
        objects.delete([claim])


class _Folder:
    """A new folder of the trash, with the reason for what moves there."""

    def __init__(self, objects: Objects, reason: str) -> None:
        this = host.current()
        time = datetime.fromtimestamp(this.time(), UTC)
        self._objects = objects
        self._name = f"{TRASH}/{time.strftime('%Y%m%dT%H%M%S')}-{this.new_id()[:8]}"
        self._reason = reason
        self._is_new = True

    def move(self, name: str, data: bytes) -> None:
        """Move an object, of which ``data`` are the bytes."""
        if self._is_new:
            self._objects.put(f"{self._name}/{_REASON_FILE}", json.dumps({"why": self._reason}).encode())
            self._is_new = False
        self._objects.put(f"{self._name}/{name}", data)
        self._objects.delete([name])


class TrashReasons:
    """Reasons of all moves to the trash of one store since this object was made, by any process."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._known = set(self._names())

    def new(self) -> list[str]:
        """Return the reasons that were added since the last call; those that ``raysc gc`` deletes are skipped."""
        added = sorted(set(self._names()) - self._known)
        self._known.update(added)
        return [reason for name in added if (reason := self._read(name)) is not None]

    def _read(self, name: str) -> str | None:
        try:
            return str(json.loads(self._objects.get(name))["why"])
        except (FileNotFoundError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def _names(self) -> Iterator[str]:
        for name in self._objects.names(TRASH):
            if (match := TRASHED.fullmatch(name)) and match["name"] == _REASON_FILE:
                yield name
