"""Garbage collection: find the objects of a store that nothing references, for ``raysc gc`` to report or delete.

Everything that a sweep record in the store names is kept, by the most generous ``keep`` of the sweeps that name it.
Objects of the last day stay, and so does everything of a unit that a process runs.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from raysc.store.artifacts import REFERENCE
from raysc.store.leases import holders
from raysc.store.objects import READ_THREADS, ObjectInfo, Objects
from raysc.store.publishing import DamagedObjectError, Manifest
from raysc.store.retention import (
    RetentionRule,
    Tombstone,
    droppable_files,
    needed_rows,
    tombstones,
    write_tombstone,
)
from raysc.store.spans import published_spans
from raysc.store.sweep_record import SweepRecord, read_sweep_records

MIN_AGE = timedelta(days=1)
"""Age below which no object is garbage."""
DELETE_BATCH = 1000
"""Number of objects that one request deletes."""

ReadRules = Callable[[Sequence[SweepRecord]], Mapping[str, RetentionRule]]
"""Function from sweep records to the retention rule of each trained lineage that they name."""


@dataclass(frozen=True)
class Garbage:
    """Objects that can be deleted for one reason.

    Attributes:
        reason: in words.
        objects: in the order of their deletion: manifests before their files.
        tombstones: to be written before.
    """

    reason: str
    objects: tuple[ObjectInfo, ...]
    tombstones: tuple[Tombstone, ...] = ()

    @property
    def bytes(self) -> int:
        """Total size of the objects, in bytes."""
        return sum(info.size for info in self.objects)


def find_garbage(objects: Objects, now: datetime, read_rules: ReadRules) -> list[Garbage]:
    """Find all garbage of a store.

    Args:
        objects: the store.
        now: the time, with a time zone.
        read_rules: returns the rules by which files of trained lineages are dropped; a lineage without a rule keeps
            all of its files. It is called after the store was listed, so that it sees sweeps that start meanwhile.
    """
    snapshot = _Snapshot(objects, now)
    records = list(read_sweep_records(objects))
    named = {key for record in records for key in record.keys}
    garbage = [
        _unreferenced_lineages(snapshot, named),
        _unreferenced_manifests(snapshot, named, "artifacts", REFERENCE, "sets of features of real rows"),
        _unreferenced_manifests(snapshot, named, "partial", "", "checkpoints"),
        _dropped_by_rules(snapshot, read_rules(records)),
        _old_trash(snapshot),
        _unreferenced_files(snapshot),
    ]
    return [group for group in garbage if group.objects]


def delete_garbage(garbage: Garbage, objects: Objects) -> None:
    """Write the tombstones of some garbage, and delete its objects in order."""
    for tombstone in garbage.tombstones:
        write_tombstone(objects, tombstone)
    names = [info.name for info in garbage.objects]
    for start in range(0, len(names), DELETE_BATCH):
        objects.delete(names[start : start + DELETE_BATCH])


class _Snapshot:
    """The objects of a store, listed and read once.

    Attributes:
        objects: the store.
        now: the time.
        files: all objects below attempts/, by name.
        manifests: the published spans; None for a manifest that cannot be read.
        active_keys: keys whose units a process runs.
    """

    def __init__(self, objects: Objects, now: datetime) -> None:
        self.objects, self.now = objects, now
        self.active_keys = {unit.split("/")[1] for unit in holders(objects)}
        spans = [span for packs in published_spans(objects).values() for pack in packs.values() for span in pack]
        with ThreadPoolExecutor(READ_THREADS) as pool:
            manifests = pool.map(partial(_read_manifest, objects), (span.name for span in spans))
            self.manifests = dict(zip(spans, manifests, strict=True))
        self.files = {info.name: info for info in objects.list_objects("attempts")}
        self._last_modified: dict[str, datetime] = {}
        for info in self.files.values():
            folder = _attempt_folder(info.name)
            self._last_modified[folder] = max(self._last_modified.get(folder, info.last_modified), info.last_modified)

    def is_old(self, file: str) -> bool:
        """Return True if no file of an attempt is younger than a day; ``file``: one of them, or the folder."""
        last_modified = self._last_modified.get(_attempt_folder(file), self.now - 2 * MIN_AGE)
        return self.now - last_modified > MIN_AGE

    def is_protected(self, key: str, manifests: Iterable[Manifest | None]) -> bool:
        """Return True if a process runs a unit of the key, or a manifest is younger than a day or cannot be read."""
        return key in self.active_keys or any(
            manifest is None or not self.is_old(f"{manifest.prefix}/") for manifest in manifests
        )

    def files_of(self, manifests: Iterable[Manifest | None]) -> Iterator[ObjectInfo]:
        """Yield the existing files of some manifests."""
        for manifest in manifests:
            if manifest is not None:
                names = (manifest.object_name(file) for file in manifest.files)
                yield from (self.files[name] for name in names if name in self.files)


def _unreferenced_lineages(snapshot: _Snapshot, named: Collection[str]) -> Garbage:
    """Find lineages that no sweep names: their manifests, metrics and tombstones, then their files."""
    by_key: dict[str, list[Manifest | None]] = {}
    for span, manifest in snapshot.manifests.items():
        by_key.setdefault(span.lineage, []).append(manifest)
    keys = {key for key, manifests in by_key.items() if key not in named and not snapshot.is_protected(key, manifests)}
    entries: list[ObjectInfo] = []
    for folder, key_index in (("spans", 1), ("metrics", 2), ("dropped", 1)):
        listing = snapshot.objects.list_objects(folder)
        entries += [info for info in listing if info.name.split("/")[key_index] in keys]
    files = snapshot.files_of(manifest for key in keys for manifest in by_key[key])
    return Garbage(f"{len(keys)} lineages and generation 0s that no sweep in this store names", (*entries, *files))


def _unreferenced_manifests(
    snapshot: _Snapshot, named: Collection[str], folder: str, key_prefix: str, description: str
) -> Garbage:
    """Find manifests of artifacts or checkpoints whose keys no sweep names, then their files.

    Args:
        snapshot: the store.
        named: the keys that sweeps name.
        folder: artifacts or partial; the key is the next part of a name.
        key_prefix: keys without this prefix are kept.
        description: of the objects, in words.
    """
    unreferenced = []
    for info in snapshot.objects.list_objects(folder):
        key = info.name.split("/")[1]
        in_use = key in named or key in snapshot.active_keys
        if key.startswith(key_prefix) and not in_use and snapshot.now - info.last_modified > MIN_AGE:
            unreferenced.append(info)
    files = snapshot.files_of(_read_manifest(snapshot.objects, info.name) for info in unreferenced)
    return Garbage(f"{len(unreferenced)} {description} that no sweep in this store names", (*unreferenced, *files))


def _dropped_by_rules(snapshot: _Snapshot, rules: Mapping[str, RetentionRule]) -> Garbage:
    """Find states and rows of trained lineages that no sweep keeps and that units have not dropped themselves."""
    units: dict[tuple[str, tuple[int, ...]], dict[int, Manifest | None]] = {}
    for span, manifest in snapshot.manifests.items():
        if span.lineage in rules and not span.until:
            units.setdefault((span.lineage, span.seeds), {})[span.first] = manifest
    names: list[str] = []
    dropped: list[Tombstone] = []
    for (key, seeds), manifests in units.items():
        if snapshot.is_protected(key, manifests.values()):
            continue
        models = {t: manifest for t, manifest in manifests.items() if manifest is not None}
        rule, last = rules[key], max(manifests)
        finished = last >= rule.generations
        needed = needed_rows(rule.recipe, last, rule.generations)
        files = droppable_files(models, rule.keep, needed, finished)
        names += [manifest.object_name(file) for manifest, file in files]
        dropped += tombstones(key, seeds, rule.keep, last, finished)
    return Garbage(
        "states and rows that `keep` drops",
        tuple(snapshot.files[name] for name in names if name in snapshot.files),
        tuple(dropped),
    )


def _old_trash(snapshot: _Snapshot) -> Garbage:
    """Find everything that has been in the trash for a day."""
    trash = snapshot.objects.list_objects("trash")
    old = [info for info in trash if snapshot.now - info.last_modified > MIN_AGE]
    return Garbage("manifests and metrics in the trash", tuple(old))


def _unreferenced_files(snapshot: _Snapshot) -> Garbage:
    """Find files of attempts that no manifest names: of losers of a race, of killed processes, of old trash."""
    trash = snapshot.objects.list_objects("trash")
    recent_trash = [info.name for info in trash if snapshot.now - info.last_modified <= MIN_AGE]
    manifest_names = [name for name in recent_trash if "/spans/" in name]
    manifest_names += [*snapshot.objects.names("partial"), *snapshot.objects.names("artifacts")]
    manifests = [*snapshot.manifests.values(), *(_read_manifest(snapshot.objects, name) for name in manifest_names)]
    referenced = {info.name for info in snapshot.files_of(manifests)}
    unreadable = tuple(f"attempts/{span.path}/" for span, manifest in snapshot.manifests.items() if manifest is None)
    unreferenced = [
        info
        for name, info in snapshot.files.items()
        if name not in referenced
        and not name.startswith(unreadable)
        and snapshot.is_old(name)
        and _attempt_key(name) not in snapshot.active_keys
    ]
    return Garbage("files of attempts that no manifest names", tuple(unreferenced))


def _attempt_folder(name: str) -> str:
    """Return the attempt's folder of a file: attempts/<path ...>/<id>; an id has 12 hex digits."""
    parts = name.split("/")
    ids = [index for index, part in enumerate(parts) if len(part) == 12 and set(part) <= set("0123456789abcdef")]
    return "/".join(parts[: ids[0] + 1]) if ids else name


def _attempt_key(name: str) -> str:
    """Return the key in the name of an attempt's file: attempts/<key>/..., or attempts/partial/<key>/...."""
    parts = name.split("/")
    return parts[2] if parts[1] in ("partial", "artifacts") else parts[1]


def _read_manifest(objects: Objects, name: str) -> Manifest | None:
    """Read a manifest; None if it is damaged, or was deleted in the meantime."""
    try:
        return Manifest.read(objects, name)
    except (DamagedObjectError, FileNotFoundError):
        return None
