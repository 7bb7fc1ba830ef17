"""Listing of a store for garbage collection: its files, manifests and leases, read once."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

from raysc.store import names
from raysc.store.leases import read_lease
from raysc.store.objects import READ_THREADS, ObjectInfo, Objects
from raysc.store.publishing import DamagedObjectError, Manifest
from raysc.store.spans import Span, pack_name, published_spans

MIN_AGE = timedelta(days=1)
"""Age below which no object is garbage."""


class StoreListing:
    """The objects of a store, listed and read once.

    Attributes:
        objects: the store.
        now: the time.
        files: all files of attempts, by name.
        manifests: the published spans; None for a manifest that cannot be read.
        stale_leases: leases of the dead, older than a day.
    """

    def __init__(self, objects: Objects, now: datetime) -> None:
        self.objects, self.now = objects, now
        self.stale_leases: list[ObjectInfo] = []
        self._active_keys: set[str] = set()
        self._active_initial_packs: set[str] = set()
        self._read_leases()
        spans = [span for packs in published_spans(objects).values() for pack in packs.values() for span in pack]
        with ThreadPoolExecutor(READ_THREADS) as pool:
            manifests = pool.map(partial(read_intact, objects), (span.name for span in spans))
            self.manifests = dict(zip(spans, manifests, strict=True))
        attempts = objects.list_objects("attempts")
        self.files = {info.name: info for info in attempts if names.ATTEMPT_FILE.fullmatch(info.name)}
        self._last_modified: dict[str, datetime] = {}
        for info in self.files.values():
            folder = _attempt_folder(info.name)
            self._last_modified[folder] = max(self._last_modified.get(folder, info.last_modified), info.last_modified)

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
        """Return True if no file of an attempt is younger than a day; ``file``: one of them, or the folder."""
        last_modified = self._last_modified.get(_attempt_folder(file), self.now - 2 * MIN_AGE)
        return self.now - last_modified > MIN_AGE

    def is_active(self, key: str, pack: str, generation: int) -> bool:
        """Return True if a process may run a unit of a key and pack.

        The lease of an initial unit has the key of its training run, and its models and rows have keys of their own.
        """
        return key in self._active_keys or (generation == 0 and pack in self._active_initial_packs)

    def is_protected(self, spans: Iterable[Span]) -> bool:
        """Return True if a process may run a unit of some spans, or a manifest is young or cannot be read."""
        for span in spans:
            manifest = self.manifests[span]
            if manifest is None or not self.is_old(f"{manifest.prefix}/"):
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


def _attempt_folder(name: str) -> str:
    """Return the attempt's folder of a file; ``name`` itself if it has another form."""
    match = names.ATTEMPT_FILE.fullmatch(name if not name.endswith("/") else f"{name}-")
    return match["folder"] if match else name


def read_intact(objects: Objects, name: str) -> Manifest | None:
    """Read a manifest; None if it is damaged, or was deleted in the meantime."""
    try:
        return Manifest.read(objects, name)
    except (DamagedObjectError, FileNotFoundError):
        return None
