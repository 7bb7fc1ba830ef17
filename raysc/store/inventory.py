"""Inventory: the entries of a store below some keys, their verification, and the processes that hold their leases."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from raysc.models.family import TRAINING_STATE_PREFIX
from raysc.store import metric_files
from raysc.store.leases import holders
from raysc.store.names import ENTRIES, SPAN
from raysc.store.objects import READ_THREADS, Objects
from raysc.store.publishing import DamagedObjectError, Manifest, read_verified
from raysc.store.retention import MODEL, tombstone_index
from raysc.store.spans import read_pack


def list_entries(seeds: Mapping[str, Collection[int]], objects: Objects) -> list[str]:
    """Return the names of manifests, checkpoints, tombstones and metric files of some keys.

    Args:
        seeds: key of a lineage or generation 0 -> seeds; packs that hold none of them are left out.
        objects: the store.
    """
    return [
        name
        for folder, form in ENTRIES.items()
        for name in objects.names(folder)
        if (match := form.fullmatch(name))
        and match["key"] in seeds
        and not set(seeds[match["key"]]).isdisjoint(read_pack(match["pack"]) or ())
    ]


def describe_holders(keys: Collection[str], objects: Objects) -> str:
    """Return the processes that hold leases on units of some keys, in words; "" if there are none."""
    active = {holder for unit, holder in holders(objects).items() if unit.split("/")[1] in keys}
    return ", ".join(sorted({str(holder) for holder in active}))


def verify_entries(seeds: Mapping[str, Collection[int]], objects: Objects) -> Iterator[DamagedObjectError | None]:
    """Read all files of some keys' entries, and compare them with their checksums.

    Files that retention drops may be missing: rows, training states before the last generation, and what a tombstone
    names.

    Args:
        seeds: key of a lineage or generation 0 -> seeds; packs that hold none of them are left out.
        objects: the store.

    Yields:
        For each entry its damage, or None.
    """
    dropped = tombstone_index(objects.names("dropped"))
    names = list_entries(seeds, objects)
    last = _last_generations(names)
    verifier = _Verifier(
        objects, {pack: _RetentionState(last.get(pack, 0), dropped.get(pack, {})) for pack in {*last, *dropped}}
    )
    with ThreadPoolExecutor(READ_THREADS) as pool:
        yield from pool.map(verifier.verify, names)


@dataclass(frozen=True)
class _RetentionState:
    """Progress and tombstones of a unit, which decide which of its files may be missing.

    Attributes:
        last: first generation of the last span.
        dropped: kind of tombstone -> the highest generation.
    """

    last: int
    dropped: Mapping[str, int]

    def may_be_missing(self, t: int, file: str) -> bool:
        """Return True for a file of generation t that retention drops."""
        folder, _, file_name = file.partition("/")
        if folder == "rows":
            return True
        if folder != MODEL or t == 0:
            return False
        if t <= self.dropped.get("models", 0):
            return True
        superseded = t < self.last or t <= self.dropped.get("training_state", 0)
        return superseded and file_name.startswith(TRAINING_STATE_PREFIX)


@dataclass(frozen=True)
class _Verifier:
    """Verification of single entries.

    Attributes:
        objects: the store.
        states: (key, pack) -> its progress and tombstones at the start.
    """

    objects: Objects
    states: Mapping[tuple[str, str], _RetentionState]

    def verify(self, name: str) -> DamagedObjectError | None:
        """Return the damage of an entry, if any; an entry that was deleted in the meantime has none.

        A process that runs publishes generations and then drops files of earlier ones. So damage counts only if the
        store lists the same generations and tombstones after the look at the files as before it.
        """
        _, *parts = name.split("/")
        key, pack = parts[-3:-1] if name.startswith("metrics/") else parts[:2]
        state = self.states.get((key, pack), _RetentionState(0, {}))
        while (damage := self._damage(name, state)) is not None:
            dropped = tombstone_index(self.objects.names(f"dropped/{key}/{pack}")).get((key, pack), {})
            last = _last_generations(self.objects.names(f"spans/{key}/{pack}")).get((key, pack), 0)
            if (now := _RetentionState(last, dropped)) == state:
                break
            state = now
        return damage

    def _damage(self, name: str, state: _RetentionState) -> DamagedObjectError | None:
        folder = name.partition("/")[0]
        try:
            if folder == "metrics":
                metric_files.read_table(self.objects, name)
            elif folder in ("spans", "partial"):
                self._verify_files(Manifest.read(self.objects, name), state)
        except FileNotFoundError:
            return None
        except DamagedObjectError as damage:
            return damage
        return None

    def _verify_files(self, manifest: Manifest, state: _RetentionState) -> None:
        """Compare the files of a manifest with their checksums.

        Raises:
            DamagedObjectError: a file was changed, or is missing and may not be.
        """
        t = int(manifest.name.rpartition("/")[2].partition("-")[0])
        state = state if manifest.name.startswith("spans/") else _RetentionState(0, {})
        for file, entry in manifest.files.items():
            if state.may_be_missing(t, file) and not manifest.has_file(file):
                continue
            if file.startswith("rows/"):
                read_verified(self.objects, manifest.object_name(file), entry.sha256)
            else:
                manifest.get(file)


def _last_generations(names: Iterable[str]) -> dict[tuple[str, str], int]:
    """Map (key, pack) to the first generation of the last span. Spans with ``until`` hold no states and are skipped."""
    last: dict[tuple[str, str], int] = {}
    for name in names:
        if (match := SPAN.fullmatch(name)) and match["until"] is None:
            pack = match["key"], match["pack"]
            last[pack] = max(last.get(pack, 0), int(match["first"]))
    return last
