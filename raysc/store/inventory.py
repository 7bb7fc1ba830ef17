"""The entries of a store that some addresses own: to list them, to check them, to see who is at work on them."""

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from raysc.models.family import TRAINING_STATE
from raysc.store import metric_files
from raysc.store.leases import holders
from raysc.store.objects import READERS, Objects
from raysc.store.publishing import Damaged, Manifest, checked
from raysc.store.retention import MODEL, marks
from raysc.store.spans import pack_seeds


def entries_of(keys: Collection[str], seeds: Collection[int], objects: Objects) -> list[str]:
    """Names of manifests, checkpoints, notes and metric files below some keys, of packs that hold one of the seeds."""
    wanted = set(seeds)
    found = []
    for room, place in (("spans", 1), ("partial", 1), ("dropped", 1), ("metrics", 2)):
        for name in objects.names(room):
            parts = name.split("/")
            if parts[place] in keys and wanted & set(pack_seeds(parts[place + 1])):
                found.append(name)
    return found


def running(keys: Collection[str], objects: Objects) -> str:
    """Who runs units of some keys at this moment, in words; empty if nobody does."""
    at_work = {holder for unit, holder in holders(objects).items() if unit.split("/")[1] in keys}
    return ", ".join(sorted({str(holder) for holder in at_work}))


def damages(keys: Collection[str], seeds: Collection[int], objects: Objects) -> Iterator[Damaged | None]:
    """Read everything that some keys own and compare it with its checksums; what is wrong with each entry, if anything.

    What retention has dropped may be missing: rows and, before the last generation, training states; and whatever it
    has left a note about.
    """
    dropped = marks(objects.names("dropped"))
    names = entries_of(keys, seeds, objects)
    last: dict[tuple[str, ...], int] = {}
    for name in names:
        room, *pack, span = name.split("/")
        if room == "spans" and span.count("-") == 1:  # others hold no states
            last[tuple(pack)] = max(last.get(tuple(pack), 0), _first(span))
    with ThreadPoolExecutor(READERS) as pool:
        yield from pool.map(partial(_damage, objects, dropped, last), names)


def _damage(
    objects: Objects,
    dropped: Mapping[tuple[str, str], Mapping[str, int]],
    last: Mapping[tuple[str, ...], int],
    name: str,
) -> Damaged | None:
    room, *pack, span = name.split("/")
    try:
        if room == "metrics":
            metric_files.read_table(objects, name)
        elif room in ("spans", "partial"):
            manifest = Manifest.read(objects, name)
            own = dropped.get((pack[0], pack[1]), {})
            t, newest = _first(span), last.get(tuple(pack), 0)
            for file in manifest.files:
                if not _may_be_gone(file, t, newest, own) or manifest.holds(file):
                    blame = manifest.place(file) if file.startswith("rows/") else name
                    checked(objects, manifest.place(file), manifest.files[file].sha256, blame)
    except FileNotFoundError:
        return None  # whoever runs it has replaced it meanwhile
    except Damaged as damage:
        return damage
    return None


def _may_be_gone(file: str, t: int, newest: int, dropped: Mapping[str, int]) -> bool:
    folder, _, inner = file.partition("/")
    if folder == "rows":
        return True
    if folder != MODEL:
        return False
    if dropped.get("models", 0) >= t > 0:
        return True
    return inner.startswith(TRAINING_STATE) and (0 < t < newest or dropped.get("training_state", 0) >= t > 0)


def _first(span: str) -> int:
    return int(span.partition("-")[0])
