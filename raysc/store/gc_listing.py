"""Listing of a store for garbage collection: its files, manifests and leases, read once."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

from raysc.store import names
from raysc.store.leases import read_lease
from raysc.store.objects import READ_THREADS, ObjectInfo, Objects
from raysc.store.publishing import DamagedObjectError, Manifest
from raysc.store.spans import Span, pack_name, read_span

MIN_AGE = timedelta(days=1)
"""Age below which no object is garbage."""


class StoreListing:
    """The objects of a store, listed and read once: files, then leases, then manifests.

    In this order a file of a unit that ends meanwhile is never taken for garbage: its process holds a lease when leases
    are listed, or has published the file's manifest before manifests are listed.

    Attributes:
        objects: the store.
        now: the time.
        files: all files of attempts, by name.
        manifests: the published spans; None for a manifest that cannot be read.
        stale_leases: leases of the dead, older than a day.
    """

    def __init__(self, objects: Objects, now: datetime) -> None:
        self.objects, self.now = objects, now
        attempts = objects.list_objects("attempts")
        self.files = {info.name: info for info in attempts if names.ATTEMPT_FILE.fullmatch(info.name)}
        self._last_modified: dict[str, datetime] = {}
        for info in self.files.values():
            folder = _attempt_folder(info.name)
            self._last_modified[folder] = max(self._last_modified.get(folder, info.last_modified), info.last_modified)
        self.stale_leases: list[ObjectInfo] = []
        self._active_keys: set[str] = set()
        self._active_initial_packs: set[str] = set()
        self._read_leases()
        spans = ((read_span(info.name), info) for info in objects.list_objects("spans"))
        self._span_objects = {span: info for span, info in spans if span}
        listed = sorted(self._span_objects)
        with ThreadPoolExecutor(READ_THREADS) as pool:
            manifests = pool.map(partial(read_intact, objects), (span.name for span in listed))
            self.manifests = dict(zip(listed, manifests, strict=True))

    def _read_leases(self) -> None:
        """A lease is active if its holder runs on this host, or if it was renewed on another one within a day."""
        for info in self.objects.list_objects("leases"):
            if match := names.LEASE.fullmatch(info.name):
                holder = read_lease(self.objects, info.name)
                if holder and holder.is_alive() and (holder.is_on_this_host or not self.is_expired(info)):
                    self._active_keys |= {match["key"], *holder.models}
                    if match["unit"].startswith("initial/"):
                        self._active_initial_packs.add(match["pack"])
                elif self.is_expired(info):
                    self.stale_leases.append(info)

    def is_expired(self, info: ObjectInfo) -> bool:
        """Return True if an object is older than a day."""
        return self.now - info.last_modified > MIN_AGE

    def is_old(self, file: str) -> bool:
        """Return True if no file of the attempt of a listed file is younger than a day."""
        return self.now - self._last_modified[_attempt_folder(file)] > MIN_AGE

    def is_active(self, key: str, pack: str, generation: int) -> bool:
        """Return True if a process may run a unit of a key and pack.

        The lease of an initial unit has the key of its training run, and its models and rows have keys of their own.
        """
        return key in self._active_keys or (generation == 0 and pack in self._active_initial_packs)

    def is_protected(self, spans: Iterable[Span]) -> bool:
        """Return True if a process may run a unit of some spans, or a manifest is young or cannot be read."""
        for span in spans:
            if self.manifests[span] is None or not self.is_expired(self._span_objects[span]):
                return True
            if self.is_active(span.lineage, pack_name(span.seeds), span.first):
                return True
        return False

    def files_of(self, manifests: Iterable[Manifest | None]) -> Iterator[ObjectInfo]:
        """Yield the existing files of some manifests."""
        for manifest in manifests:
            if manifest is not None:
                file_names = (manifest.object_name(file) for file in manifest.files)
                yield from (self.files[name] for name in file_names if name in self.files)


def _attempt_folder(file: str) -> str:
    match = names.ATTEMPT_FILE.fullmatch(file)
    assert match, "all files of a listing have this form"
    return match["folder"]


def read_intact(objects: Objects, name: str) -> Manifest | None:
    """Read a manifest; None if it is damaged, or was deleted in the meantime."""
    try:
        return Manifest.read(objects, name)
    except (DamagedObjectError, FileNotFoundError):
        return None
