"""Garbage collection: find the objects of a store that nothing references, for ``raysc gc`` to report or delete.

Everything that a sweep record in the store names is kept, by the most generous ``keep`` of the sweeps that name it.
Objects of the last day stay, and so does everything of a unit that a process runs. Only objects whose names have a form
of raysc are garbage: a store may share its folder with other files.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from raysc.errors import InputError
from raysc.store import names
from raysc.store.artifacts import REFERENCE
from raysc.store.gc_listing import MIN_AGE, StoreListing, read_intact
from raysc.store.leases import start_gc
from raysc.store.objects import ObjectInfo, Objects
from raysc.store.publishing import DamagedObjectError
from raysc.store.retention import (
    RetentionRule,
    Tombstone,
    droppable_files,
    needed_rows,
    tombstones,
    write_tombstone,
)
from raysc.store.spans import END, Span, pack_name
from raysc.store.sweep_record import SweepRecord, read_sweep_records, record_names

DELETE_BATCH = 1000
"""Number of objects that one request deletes."""

MAX_SEARCHES = 10
"""Number of searches in one collection, while sweeps are recorded that need some of what was found."""

Report = Callable[[str], None]
"""Function that receives a message."""
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


def _ignore(message: str) -> None:
    """Receive a message that nobody reads."""


def find_garbage(objects: Objects, now: datetime, read_rules: ReadRules, report: Report = _ignore) -> list[Garbage]:
    """Find all garbage of a store.

    A damaged sweep record may name everything and keep everything, so then nothing is garbage by what sweeps name.

    Args:
        objects: the store.
        now: the time, with a time zone.
        read_rules: returns the rules by which files of trained lineages are dropped; a lineage without a rule keeps
            all of its files. It is called after the store was listed, so that it sees sweeps that start meanwhile.
        report: receives a message for each damaged sweep record.

    Raises:
        InputError: no sweep is recorded in the store; it may be a folder of something else.
    """
    listing = StoreListing(objects, now)
    damages: list[DamagedObjectError] = []
    records = list(read_sweep_records(objects, damages))
    if not records and not damages:
        raise InputError(
            f"storage {objects.uri}: no sweep is recorded there, so it is not certain that it is a store of raysc; "
            "give another with --storage or RAYSC_STORAGE, or delete the folder itself if all its sweeps are given up"
        )
    named = {key for record in records for key in record.keys}
    garbage = [_old_trash(listing), _remains(listing), _unreferenced_files(listing)]
    for damage in damages:
        report(
            f"{damage}; a sweep may need everything in this store, so only the trash and files without a manifest are "
            "garbage: run the sweep of that record again, or delete the record if the sweep is given up"
        )
    if not damages:
        rules = read_rules(records)
        garbage[:0] = [
            _unreferenced_lineages(listing, named),
            _unreferenced_artifacts(listing, named),
            _unneeded_checkpoints(listing, named, rules),
            _dropped_by_rules(listing, rules),
        ]
    return [group for group in garbage if group.count]


def collect_garbage(
    objects: Objects, now: datetime, read_rules: ReadRules, report: Report = _ignore
) -> Iterator[Garbage]:
    """Find and delete all garbage; yield each group after its deletion. Arguments and errors as in ``find_garbage``.

    Sweeps that start meanwhile wait: a sweep first writes its record and then looks for the lease that this process
    holds, and this process acquires the lease and then reads the records. So one of the two sees the other.
    """
    with start_gc(objects, report):
        for _ in range(MAX_SEARCHES):
            records = set(record_names(objects))
            for garbage in find_garbage(objects, now, read_rules, report):
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
    references = [info.name for info in garbage.objects if not info.name.startswith("attempts/")]
    objects.delete_unfinished(info.name for info in garbage.unfinished)
    for batch in (references, files):  # never in one request, whose order a bucket does not keep
        for start in range(0, len(batch), DELETE_BATCH):
            objects.delete(batch[start : start + DELETE_BATCH])


def _unreferenced_lineages(listing: StoreListing, named: Collection[str]) -> Garbage:
    """Find lineages that no sweep names: their manifests, metrics and tombstones, then their files.

    Metrics and tombstones of a lineage may be all that is left: its manifests went to the trash.
    """
    spans: dict[str, list[Span]] = {}
    for span in listing.manifests:
        spans.setdefault(span.lineage, []).append(span)
    entries: dict[str, list[ObjectInfo]] = {}
    for folder in ("spans", "metrics", "dropped"):
        for info in listing.objects.list_objects(folder):
            match = names.ENTRIES[folder].fullmatch(info.name)
            if match and match["key"] not in named:
                entries.setdefault(match["key"], []).append(info)
    keys = [
        key
        for key, infos in entries.items()
        if all(map(listing.is_expired, infos))
        and not listing.is_active(key, "", 1)
        and not listing.is_protected(spans.get(key, ()))
    ]
    manifests = [listing.manifests[span] for key in keys for span in spans.get(key, ())]
    return Garbage(
        f"{len(keys)} lineages and generation 0s that no sweep in this store names",
        (*(info for key in keys for info in entries[key]), *listing.files_of(manifests)),
    )


def _unreferenced_artifacts(listing: StoreListing, named: Collection[str]) -> Garbage:
    """Find features of real rows that no sweep names, then their files. Trained extractors stay."""
    artifacts = [
        info
        for info in listing.objects.list_objects("artifacts")
        if (match := names.ARTIFACT.fullmatch(info.name))
        and match["key"].startswith(REFERENCE)
        and match["key"] not in named
        and listing.is_expired(info)
    ]
    files = listing.files_of(read_intact(listing.objects, info.name) for info in artifacts)
    reason = f"{len(artifacts)} sets of features of real rows that no sweep in this store names"
    return Garbage(reason, (*artifacts, *files))


def _unneeded_checkpoints(listing: StoreListing, named: Collection[str], rules: Mapping[str, RetentionRule]) -> Garbage:
    """Find checkpoints that no sweep names, and those of published generations, then their files.

    Rows of a published generation may be drawn on top of those that it has, for the training set of the next one.
    """
    published = {(span.lineage, pack_name(span.seeds), span.first) for span in listing.manifests}
    checkpoints, manifests = [], []
    for info in listing.objects.list_objects("partial"):
        match = names.CHECKPOINT.fullmatch(info.name)
        if not match or not listing.is_expired(info) or listing.is_active(match["key"], match["pack"], 1):
            continue
        manifest = read_intact(listing.objects, info.name)
        # A checkpoint of generation 0 lies under the key of its training run.
        key = match["key"] if manifest is None else manifest.record.get("model", match["key"])
        generation = int(match["generation"])
        if match["rows"] and (key not in rules or generation < rules[key].generations):
            generation += 1
        if match["key"] not in named or (key, match["pack"], generation) in published:
            checkpoints.append(info)
            manifests.append(manifest)
    reason = f"{len(checkpoints)} checkpoints of generations that are published or that no sweep in this store names"
    return Garbage(reason, (*checkpoints, *listing.files_of(manifests)))


def _dropped_by_rules(listing: StoreListing, rules: Mapping[str, RetentionRule]) -> Garbage:
    """Find states and rows of trained lineages that no sweep keeps and that units have not dropped themselves."""
    units: dict[tuple[str, tuple[int, ...]], dict[int, Span]] = {}
    for span in listing.manifests:
        if span.lineage in rules and not span.until:
            units.setdefault((span.lineage, span.seeds), {})[span.first] = span
    file_names: list[str] = []
    dropped: list[Tombstone] = []
    for (key, seeds), spans in units.items():
        if listing.is_protected(spans.values()):
            continue
        rule = rules[key]
        last = min(max(spans), *(_reached(units.get((lineage, seeds), {})) for lineage in rule.lineages))
        up_to_last = {t: listing.manifests[span] for t, span in spans.items() if t <= last}
        models = {t: manifest for t, manifest in up_to_last.items() if manifest is not None}
        finished = last >= rule.generations
        needed = needed_rows(rule.recipes, last, rule.generations)
        files = droppable_files(models, rule.keep, needed, finished)
        file_names += [manifest.object_name(file) for manifest, file in files]
        dropped += tombstones(key, seeds, rule.keep, last, finished)
    return Garbage(
        "states and rows that `keep` drops",
        tuple(listing.files[name] for name in file_names if name in listing.files),
        tuple(dropped),
    )


def _reached(spans: Mapping[int, Span]) -> int:
    """Return the generation up to which a unit has all, by its spans by first generation; END if it has ended early."""
    last = next(t for t in count() if t + 1 not in spans)
    return END if last and spans[last].last >= END else last


def _old_trash(listing: StoreListing) -> Garbage:
    """Find everything that has been in the trash for a day."""
    trash = (info for info in listing.objects.list_objects("trash") if names.TRASHED.fullmatch(info.name))
    return Garbage("manifests and metrics in the trash", tuple(filter(listing.is_expired, trash)))


def _remains(listing: StoreListing) -> Garbage:
    """Find what killed processes leave: leases, objects of the test of the storage, files that are half written."""
    probes = (info for info in listing.objects.list_objects("probes") if names.PROBE.fullmatch(info.name))
    objects = (*listing.stale_leases, *filter(listing.is_expired, probes))
    unfinished = tuple(listing.objects.unfinished(listing.now - MIN_AGE))
    return Garbage("leases, probes and half-written files of dead processes", objects, unfinished=unfinished)


def _unreferenced_files(listing: StoreListing) -> Garbage:
    """Find files of attempts that no manifest names: of losers of a race, of killed processes, of old trash."""
    objects = listing.objects
    trash = ((info, names.TRASHED.fullmatch(info.name)) for info in objects.list_objects("trash"))
    recent = [info.name for info, match in trash if match and not listing.is_expired(info) and match["name"]]
    manifest_names = [name for name in recent if "/spans/" in name or "/partial/" in name]
    manifest_names += [*objects.names("partial"), *objects.names("artifacts")]
    manifests = [*listing.manifests.values(), *(read_intact(objects, name) for name in manifest_names)]
    referenced = {info.name for info in listing.files_of(manifests)}
    unreadable = tuple(f"attempts/{span.path}/" for span, manifest in listing.manifests.items() if manifest is None)
    unreferenced = [
        info
        for name, info in listing.files.items()
        if name not in referenced
        and not name.startswith(unreadable)
        and listing.is_old(name)
        and not _is_active(listing, name)
    ]
    return Garbage("files of attempts that no manifest names", tuple(unreferenced))


def _is_active(listing: StoreListing, name: str) -> bool:
    """Return True if a process may be filling the attempt of a file."""
    match = names.ATTEMPT_FILE.fullmatch(name)
    assert match, "all files of a listing have this form"
    if match["lineage"]:
        return listing.is_active(match["lineage"], match["seeds"], int(match["first"]))
    return listing.is_active(match["key"] or match["artifact"], match["pack"] or "", 1)
