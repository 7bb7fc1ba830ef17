"""Inventory: the entries of a store below some keys, their verification, and the processes that hold their leases."""

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from raysc.models.family import TRAINING_STATE_PREFIX
from raysc.store import metric_files
from raysc.store.leases import holders
from raysc.store.objects import READ_THREADS, Objects
from raysc.store.publishing import DamagedObjectError, Manifest, read_verified
from raysc.store.retention import MODEL, tombstone_index
from raysc.store.spans import pack_seeds


def list_entries(keys: Collection[str], seeds: Collection[int], objects: Objects) -> list[str]:
    """Return the names of manifests, checkpoints, tombstones and metric files of some keys.

    Args:
        keys: of lineages and generation 0s.
        seeds: packs that hold none of them are left out.
        objects: the store.
    """
    entries = []
    for folder, key_index in (("spans", 1), ("partial", 1), ("dropped", 1), ("metrics", 2)):
        for name in objects.names(folder):
            parts = name.split("/")
            if parts[key_index] in keys and not set(seeds).isdisjoint(pack_seeds(parts[key_index + 1])):
                entries.append(name)
    return entries


def describe_holders(keys: Collection[str], objects: Objects) -> str:
    """Return the processes that hold leases on units of some keys, in words; "" if there are none."""
    active = {holder for unit, holder in holders(objects).items() if unit.split("/")[1] in keys}
    return ", ".join(sorted({str(holder) for holder in active}))


def verify_entries(
    keys: Collection[str], seeds: Collection[int], objects: Objects
) -> Iterator[DamagedObjectError | None]:
    """Read all files of some keys' entries, and compare them with their checksums.

    Files that retention drops may be missing: rows, training states before the last generation, and what a tombstone
    names.

    Args:
        keys: of lineages and generation 0s.
        seeds: packs that hold none of them are left out.
        objects: the store.

    Yields:
        For each entry its damage, or None.
    """
    tombstones = tombstone_index(objects.names("dropped"))
    names = list_entries(keys, seeds, objects)
    last: dict[tuple[str, ...], int] = {}
    for name in names:
        folder, *pack, span = name.split("/")
        if folder == "spans" and span.count("-") == 1:  # spans with ``until`` hold no states
            last[tuple(pack)] = max(last.get(tuple(pack), 0), _first_generation(span))
    verifier = _Verifier(objects, tombstones, last)
    with ThreadPoolExecutor(READ_THREADS) as pool:
        yield from pool.map(verifier.verify, names)


@dataclass(frozen=True)
class _Verifier:
    """Verification of single entries.

    Attributes:
        objects: the store.
        tombstones: (key, pack) -> kind of tombstone -> the highest generation.
        last: (key, pack) -> first generation of the last span.
    """

    objects: Objects
    tombstones: Mapping[tuple[str, str], Mapping[str, int]]
    last: Mapping[tuple[str, ...], int]

    def verify(self, name: str) -> DamagedObjectError | None:
        """Return the damage of an entry, if any; an entry that was deleted in the meantime has none."""
        folder = name.partition("/")[0]
        try:
            if folder == "metrics":
                metric_files.read_table(self.objects, name)
            elif folder in ("spans", "partial"):
                self._verify_files(Manifest.read(self.objects, name))
        except FileNotFoundError:
            return None
        except DamagedObjectError as damage:
            return damage
        return None

    def _verify_files(self, manifest: Manifest) -> None:
        for file, entry in manifest.files.items():
            if self._may_be_missing(manifest.name, file) and not manifest.has_file(file):
                continue
            object_name = manifest.object_name(file)
            damaged_name = object_name if file.startswith("rows/") else manifest.name
            read_verified(self.objects, object_name, entry.sha256, damaged_name)

    def _may_be_missing(self, name: str, file: str) -> bool:
        """Return True for a file that retention drops; ``name``: of its manifest."""
        _, key, pack, span = name.split("/")
        folder, _, file_name = file.partition("/")
        if folder == "rows":
            return True
        t = _first_generation(span)
        if folder != MODEL or t == 0:
            return False
        dropped = self.tombstones.get((key, pack), {})
        if t <= dropped.get("models", 0):
            return True
        superseded = t < self.last.get((key, pack), 0) or t <= dropped.get("training_state", 0)
        return superseded and file_name.startswith(TRAINING_STATE_PREFIX)


def _first_generation(span: str) -> int:
    return int(span.partition("-")[0])
