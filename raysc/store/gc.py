"""Garbage collection: find the objects of a store that nothing references, for ``raysc gc`` to report or delete.

Everything that a sweep record in the store names is kept, by the most generous ``keep`` of the sweeps that name it.
Objects of the last day stay, and so does everything of a unit that a process runs. Only objects whose names have a form
of raysc are garbage: a store may share its folder with other files.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from raysc.errors import InputError
from raysc.store import names
from raysc.store.artifacts import REFERENCE
from raysc.store.leases import GC_SWEEP, GC_UNIT, Lease, read_lease
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
from raysc.store.spans import Span, pack_name, published_spans
from raysc.store.sweep_record import SweepRecord, read_sweep_records, record_names

MIN_AGE = timedelta(days=1)
"""Age below which no object is garbage."""
DELETE_BATCH = 1000
"""Number of objects that one request deletes."""

MAX_SEARCHES = 10
"""Number of searches in one collection, while sweeps are recorded that need some of what was found."""

ReadRules = Callable[[Sequence[SweepRecord]], Mapping[str, RetentionRule]]
"""Function from sweep records to the retention rule of each trained lineage that they name."""


@dataclass(frozen=True)
class Garbage:
    """Objects that can be deleted for one reason.

    Attributes:
        reason: in words.
        objects: in the order of their deletion: manifests before their files.
        tombstones: to be written before.
        unfinished: files of a folder that are no objects.
    """

    reason: str
    objects: tuple[ObjectInfo, ...]
    tombstones: tuple[Tombstone, ...] = ()
    unfinished: tuple[ObjectInfo, ...] = ()

    @property
    def count(self) -> int:
        """Number of objects and files."""
        return len(self.objects) + len(self.unfinished)

    @property
    def bytes(self) -> int:
        """Total size of the objects and files, in bytes."""
        return sum(info.size for info in (*self.objects, *self.unfinished))


def find_garbage(objects: Objects, now: datetime, read_rules: ReadRules) -> list[Garbage]:
    """Find all garbage of a store.

    Args:
        objects: the store.
        now: the time, with a time zone.
        read_rules: returns the rules by which files of trained lineages are dropped; a lineage without a rule keeps
            all of its files. It is called after the store was listed, so that it sees sweeps that start meanwhile.

    Raises:
        InputError: no sweep is recorded in the store; it may be a folder of something else.
    """
    snapshot = _Snapshot(objects, now)
    records = list(read_sweep_records(objects))
    if not records:
        raise InputError(
            f"storage {objects.uri}: no sweep is recorded there, so it is not certain that it is a store of raysc; "
            "give another with --storage or RAYSC_STORAGE, or delete the folder itself if all its sweeps are given up"
        )
    named = {key for record in records for key in record.keys}
    garbage = [
        _unreferenced_lineages(snapshot, named),
        _unreferenced_artifacts(snapshot, named),
        _unneeded_checkpoints(snapshot, named),
        _dropped_by_rules(snapshot, read_rules(records)),
        _old_trash(snapshot),
        _remains(snapshot),
        _unreferenced_files(snapshot),
    ]
    return [group for group in garbage if group.count]


def collect_garbage(objects: Objects, now: datetime, read_rules: ReadRules) -> Iterator[Garbage]:
    """Find and delete all garbage; yield each group after its deletion. Arguments and errors as in ``find_garbage``.

    Sweeps that start meanwhile wait: a sweep first writes its record and then looks for the lease that this process
    holds, and this process acquires the lease and then reads the records. So one of the two sees the other.
    """
    lease = Lease.acquire(objects, GC_UNIT, GC_SWEEP)
    if lease is None:
        raise InputError(f"storage {objects.uri}: another raysc gc is deleting at this moment; wait until it has ended")
    with lease:
        for _ in range(MAX_SEARCHES):
            records = set(record_names(objects))
            for garbage in find_garbage(objects, now, read_rules):
                if not records >= set(record_names(objects)):
                    break  # a sweep was recorded that may take up what no sweep named: look again
                delete_garbage(garbage, objects)
                yield garbage
            else:
                return


def delete_garbage(garbage: Garbage, objects: Objects) -> None:
    """Write the tombstones of some garbage, and delete its objects: those that name files before these files."""
    for tombstone in garbage.tombstones:
        write_tombstone(objects, tombstone)
    files = [info.name for info in garbage.objects if info.name.startswith("attempts/")]
    others = [info.name for info in garbage.objects if not info.name.startswith("attempts/")]
    objects.delete_unfinished(info.name for info in garbage.unfinished)
    for batch in (others, files):  # never in one request, whose order a bucket does not keep
        for start in range(0, len(batch), DELETE_BATCH):
            objects.delete(batch[start : start + DELETE_BATCH])


class _Snapshot:
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
            manifests = pool.map(partial(_read_manifest, objects), (span.name for span in spans))
            self.manifests = dict(zip(spans, manifests, strict=True))
        listing = objects.list_objects("attempts")
        self.files = {info.name: info for info in listing if names.ATTEMPT_FILE.fullmatch(info.name)}
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
                    self._active_keys.add(match["key"])
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


def _unreferenced_lineages(snapshot: _Snapshot, named: Collection[str]) -> Garbage:
    """Find lineages that no sweep names: their manifests, metrics and tombstones, then their files.

    Metrics and tombstones of a lineage may be all that is left: its manifests went to the trash.
    """
    spans: dict[str, list[Span]] = {}
    for span in snapshot.manifests:
        spans.setdefault(span.lineage, []).append(span)
    entries: dict[str, list[ObjectInfo]] = {}
    for folder in ("spans", "metrics", "dropped"):
        for info in snapshot.objects.list_objects(folder):
            match = names.ENTRIES[folder].fullmatch(info.name)
            if match and match["key"] not in named:
                entries.setdefault(match["key"], []).append(info)
    keys = [
        key
        for key, infos in entries.items()
        if all(map(snapshot.is_expired, infos))
        and not snapshot.is_active(key, "", 1)
        and not snapshot.is_protected(spans.get(key, ()))
    ]
    manifests = [snapshot.manifests[span] for key in keys for span in spans.get(key, ())]
    return Garbage(
        f"{len(keys)} lineages and generation 0s that no sweep in this store names",
        (*(info for key in keys for info in entries[key]), *snapshot.files_of(manifests)),
    )


def _unreferenced_artifacts(snapshot: _Snapshot, named: Collection[str]) -> Garbage:
    """Find features of real rows that no sweep names, then their files. Trained extractors stay."""
    artifacts = [
        info
        for info in snapshot.objects.list_objects("artifacts")
        if (match := names.ARTIFACT.fullmatch(info.name))
        and match["key"].startswith(REFERENCE)
        and match["key"] not in named
        and snapshot.is_expired(info)
    ]
    files = snapshot.files_of(_read_manifest(snapshot.objects, info.name) for info in artifacts)
    reason = f"{len(artifacts)} sets of features of real rows that no sweep in this store names"
    return Garbage(reason, (*artifacts, *files))


def _unneeded_checkpoints(snapshot: _Snapshot, named: Collection[str]) -> Garbage:
    """Find checkpoints that no sweep names, and those of published generations, then their files."""
    published = {(span.lineage, pack_name(span.seeds), span.first) for span in snapshot.manifests}
    checkpoints, manifests = [], []
    for info in snapshot.objects.list_objects("partial"):
        match = names.CHECKPOINT.fullmatch(info.name)
        if not match or not snapshot.is_expired(info) or snapshot.is_active(match["key"], match["pack"], 1):
            continue
        manifest = _read_manifest(snapshot.objects, info.name)
        # A checkpoint of generation 0 lies under the key of its training run.
        key = match["key"] if manifest is None else manifest.record.get("model", match["key"])
        if match["key"] not in named or (key, match["pack"], int(match["generation"])) in published:
            checkpoints.append(info)
            manifests.append(manifest)
    reason = f"{len(checkpoints)} checkpoints of generations that are published or that no sweep in this store names"
    return Garbage(reason, (*checkpoints, *snapshot.files_of(manifests)))


def _dropped_by_rules(snapshot: _Snapshot, rules: Mapping[str, RetentionRule]) -> Garbage:
    """Find states and rows of trained lineages that no sweep keeps and that units have not dropped themselves."""
    units: dict[tuple[str, tuple[int, ...]], dict[int, Span]] = {}
    for span in snapshot.manifests:
        if span.lineage in rules and not span.until:
            units.setdefault((span.lineage, span.seeds), {})[span.first] = span
    file_names: list[str] = []
    dropped: list[Tombstone] = []
    for (key, seeds), spans in units.items():
        if snapshot.is_protected(spans.values()):
            continue
        models = {t: manifest for t, span in spans.items() if (manifest := snapshot.manifests[span]) is not None}
        rule, last = rules[key], max(spans)
        finished = last >= rule.generations
        needed = needed_rows(rule.recipe, last, rule.generations)
        files = droppable_files(models, rule.keep, needed, finished)
        file_names += [manifest.object_name(file) for manifest, file in files]
        dropped += tombstones(key, seeds, rule.keep, last, finished)
    return Garbage(
        "states and rows that `keep` drops",
        tuple(snapshot.files[name] for name in file_names if name in snapshot.files),
        tuple(dropped),
    )


def _old_trash(snapshot: _Snapshot) -> Garbage:
    """Find everything that has been in the trash for a day."""
    trash = (info for info in snapshot.objects.list_objects("trash") if names.TRASHED.fullmatch(info.name))
    return Garbage("manifests and metrics in the trash", tuple(filter(snapshot.is_expired, trash)))


def _remains(snapshot: _Snapshot) -> Garbage:
    """Find what killed processes leave: leases, objects of the test of the storage, files that are half written."""
    probes = (info for info in snapshot.objects.list_objects("probes") if names.PROBE.fullmatch(info.name))
    objects = (*snapshot.stale_leases, *filter(snapshot.is_expired, probes))
    unfinished = tuple(snapshot.objects.unfinished(snapshot.now - MIN_AGE))
    return Garbage("leases, probes and half-written files of dead processes", objects, unfinished=unfinished)


def _unreferenced_files(snapshot: _Snapshot) -> Garbage:
    """Find files of attempts that no manifest names: of losers of a race, of killed processes, of old trash."""
    objects = snapshot.objects
    trash = ((info, names.TRASHED.fullmatch(info.name)) for info in objects.list_objects("trash"))
    recent = [info.name for info, match in trash if match and not snapshot.is_expired(info) and match["name"]]
    manifest_names = [name for name in recent if "/spans/" in name or "/partial/" in name]
    manifest_names += [*objects.names("partial"), *objects.names("artifacts")]
    manifests = [*snapshot.manifests.values(), *(_read_manifest(objects, name) for name in manifest_names)]
    referenced = {info.name for info in snapshot.files_of(manifests)}
    unreadable = tuple(f"attempts/{span.path}/" for span, manifest in snapshot.manifests.items() if manifest is None)
    unreferenced = [
        info
        for name, info in snapshot.files.items()
        if name not in referenced
        and not name.startswith(unreadable)
        and snapshot.is_old(name)
        and not _is_active(snapshot, name)
    ]
    return Garbage("files of attempts that no manifest names", tuple(unreferenced))


def _attempt_folder(name: str) -> str:
    """Return the attempt's folder of a file; ``name`` itself if it has another form."""
    match = names.ATTEMPT_FILE.fullmatch(name if not name.endswith("/") else f"{name}-")
    return match["folder"] if match else name


def _is_active(snapshot: _Snapshot, name: str) -> bool:
    """Return True if a process may be filling the attempt of a file."""
    match = names.ATTEMPT_FILE.fullmatch(name)
    assert match, "all files of a snapshot have this form"
    if match["lineage"]:
        return snapshot.is_active(match["lineage"], match["seeds"], int(match["first"]))
    return snapshot.is_active(match["key"] or match["artifact"], match["pack"] or "", 1)


def _read_manifest(objects: Objects, name: str) -> Manifest | None:
    """Read a manifest; None if it is damaged, or was deleted in the meantime."""
    try:
        return Manifest.read(objects, name)
    except (DamagedObjectError, FileNotFoundError):
        return None
