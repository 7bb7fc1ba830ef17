"""Objects of a simulated store, with the history of their changes."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from raysc.store.storage import ObjectInfo


class StoredObject(NamedTuple):
    """An object.

    Attributes:
        data: its bytes.
        written: virtual time of its last write.
    """

    data: bytes
    written: float


class Change(NamedTuple):
    """A change of one object; None stands for an absent object."""

    name: str
    before: StoredObject | None
    after: StoredObject | None


class Contents:
    """The objects of a store.

    Attributes:
        objects: name -> object.
        changes: all changes, in order.
        observers: called after each change.
    """

    def __init__(self) -> None:
        self.objects: dict[str, StoredObject] = {}
        self.changes: list[Change] = []
        self.observers: list[Callable[[Change], None]] = []

    def write(self, name: str, data: bytes, now: float) -> None:
        """Write an object."""
        self._change(name, StoredObject(data, now))

    def delete(self, name: str) -> None:
        """Delete an object; an absent one is ignored."""
        if name in self.objects:
            self._change(name, None)

    def _change(self, name: str, after: StoredObject | None) -> None:
        change = Change(name, self.objects.get(name), after)
        if after is None:
            del self.objects[name]
        else:
            self.objects[name] = after
        self.changes.append(change)
        for observe in self.observers:
            observe(change)

    def before(self, changes: int) -> Mapping[str, StoredObject]:
        """Return the objects as they were some changes ago."""
        past = dict(self.objects)
        for change in reversed(self.changes[-changes:]):
            if change.before is None:
                past.pop(change.name, None)
            else:
                past[change.name] = change.before
        return past

    def names(self, prefix: str) -> list[str]:
        """Return the names below a prefix of whole path segments, in the order of their creation."""
        below = f"{prefix}/"
        return [name for name in self.objects if name.startswith(below)]

    def restore(self, objects: Mapping[str, StoredObject]) -> None:
        """Write the objects of another store, manifests last, with the times of their writing."""
        for name in sorted(objects, key=lambda name: name.startswith(("spans/", "artifacts/", "partial/"))):
            self._change(name, objects[name])

    def flip_byte(self, name: str) -> None:
        """Change the last byte of an object silently, as a failing disk does; no observer is called."""
        data, written = self.objects[name]
        self.objects[name] = StoredObject(data[:-1] + bytes([data[-1] ^ 1]), written)

    def remove_silently(self, name: str) -> None:
        """Remove an object without a request, as a careless copy of a store does; no observer is called."""
        del self.objects[name]


def listing(objects: Mapping[str, StoredObject], prefix: str, age: float = 0.0) -> Iterator[ObjectInfo]:
    """Yield the entries of a listing below a prefix; "" lists all.

    Args:
        objects: name -> object.
        prefix: whole path segments.
        age: seconds by which objects look older, except for those that live for moments: leases and probes.
    """
    below = f"{prefix}/" if prefix else ""
    for name, (data, written) in objects.items():
        if name.startswith(below):
            time = written if name.startswith(("leases/", "probes/")) else written - age
            yield ObjectInfo(name, len(data), datetime.fromtimestamp(time, UTC))
