"""What of a store nobody needs: found for ``raysc gc``, which says it, or removes it.

Kept is whatever a sweep in the store names (see ``store.asked``), by the most generous ``keep`` of those that name it.
Nothing is touched that is younger than a day or whose unit somebody runs at this moment.
"""

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from raysc import registry
from raysc.errors import RayscError
from raysc.planning.resolved import REFERENCE, Line, lines
from raysc.settings import Keep
from raysc.store.leases import holders
from raysc.store.objects import READERS, Listed, Objects
from raysc.store.publishing import Damaged, Manifest
from raysc.store.retention import Mark, mark, needed_rows, notes, surplus
from raysc.store.spans import Span, published
from raysc.store.sweep_record import Asked, both, read_asked
from raysc.sweepfile import Sweep, read_sweep

YOUNG = timedelta(days=1)
REQUEST = 1000
"""Objects that are removed by one request."""


@dataclass(frozen=True)
class Garbage:
    """Some objects that may go.

    Attributes:
        why: in words.
        objects: in the order in which they have to be removed: manifests before their files.
        marks: notes to leave first.
    """

    why: str
    objects: tuple[Listed, ...]
    marks: tuple[Mark, ...] = ()

    @property
    def bytes(self) -> int:
        """Bytes that removing them frees."""
        return sum(one.bytes for one in self.objects)


def find_garbage(objects: Objects, now: datetime, say: Callable[[str], None]) -> list[Garbage]:
    """Everything in a store that may go.

    Args:
        objects: the store.
        now: with a time zone.
        say: told of sweeps that cannot be read here; what they name stays as it is.
    """
    store = _Store(objects, now)
    asked = list(read_asked(objects))
    found = [
        _unnamed(store, asked),
        _left_behind(store, asked, "artifacts", REFERENCE, "sets of features of real rows"),
        _left_behind(store, asked, "partial", "", "checkpoints"),
        _let_go(store, _rules(asked, say)),
        _set_aside(store),
        _lost(store),
    ]
    return [garbage for garbage in found if garbage.objects]


def remove(garbage: Garbage, objects: Objects) -> None:
    """Remove it, in order."""
    for one in garbage.marks:
        mark(objects, one)
    names = [one.name for one in garbage.objects]
    for start in range(0, len(names), REQUEST):
        objects.delete(names[start : start + REQUEST])


class _Store:
    """What is there, listed and read once.

    Attributes:
        objects: the store.
        now: the time.
        files: everything below attempts/, by name.
        manifests: what is published; None where a manifest cannot be read.
        at_work: keys whose units somebody runs.
    """

    def __init__(self, objects: Objects, now: datetime) -> None:
        self.objects, self.now = objects, now
        self.at_work = {unit.split("/")[1] for unit in holders(objects)}
        spans = [span for packs in published(objects).values() for own in packs.values() for span in own]
        with ThreadPoolExecutor(READERS) as pool:
            self.manifests = dict(zip(spans, pool.map(partial(_read_manifest, objects), spans), strict=True))
        self.files = {one.name: one for one in objects.listed("attempts")}
        self._newest: dict[str, datetime] = {}
        for one in self.files.values():
            folder = _attempt(one.name)
            self._newest[folder] = max(self._newest.get(folder, one.written), one.written)

    def old(self, file: str) -> bool:
        """Whether no file of an attempt is younger than a day."""
        return self.now - self._newest.get(_attempt(file), self.now - 2 * YOUNG) > YOUNG

    def untouchable(self, key: str, manifests: Iterable[Manifest | None]) -> bool:
        """Whether somebody is at work there, was within the last day, or a manifest cannot be read."""
        return key in self.at_work or any(one is None or not self.old(f"{one.prefix}/") for one in manifests)


def _unnamed(store: _Store, asked: Iterable[Asked]) -> Garbage:
    """Lineages that no sweep names: their manifests, metrics and notes, then their files."""
    named = {key for one in asked for key in one.keys}
    by_key: dict[str, list[Manifest | None]] = {}
    for span, manifest in store.manifests.items():
        by_key.setdefault(span.lineage, []).append(manifest)
    keys = {key for key, own in by_key.items() if key not in named and not store.untouchable(key, own)}
    first: list[Listed] = [one for one in store.objects.listed("spans") if one.name.split("/")[1] in keys]
    for room, place in (("metrics", 2), ("dropped", 1)):
        first += [one for one in store.objects.listed(room) if one.name.split("/")[place] in keys]
    files = [file for key in keys for one in by_key[key] if one is not None for file in map(one.place, one.files)]
    return Garbage(
        f"{len(keys)} lineages and generation 0s that no sweep in this store names",
        (*first, *(store.files[file] for file in files if file in store.files)),
    )


def _left_behind(store: _Store, asked: Iterable[Asked], room: str, begins: str, what: str) -> Garbage:
    """Manifests of other rooms whose keys no sweep names, then their files.

    Args:
        store: what is there.
        asked: what sweeps name.
        room: artifacts or partial; a key stands behind it.
        begins: how the keys that are meant begin.
        what: in words.
    """
    kept = {key for one in asked for key in one.keys} | store.at_work
    unnamed = [
        one
        for one in store.objects.listed(room)
        if (key := one.name.split("/")[1]).startswith(begins) and key not in kept and store.now - one.written > YOUNG
    ]
    manifests = [_read_named(store.objects, one.name) for one in unnamed]
    files = [file for one in manifests if one is not None for file in map(one.place, one.files)]
    return Garbage(
        f"{len(unnamed)} {what} that no sweep in this store names",
        (*unnamed, *(store.files[file] for file in files if file in store.files)),
    )


@dataclass(frozen=True)
class Rule:
    """What the sweeps that name a lineage want kept of it.

    Attributes:
        keep: the most generous of their rules.
        generations: the largest of their T.
        line: one of the cells.
    """

    keep: Keep
    generations: int
    line: Line


def _let_go(store: _Store, rules: Mapping[str, Rule]) -> Garbage:
    """States and rows of trained lineages that nobody wants kept; what units have not dropped as they ran."""
    units: dict[tuple[str, tuple[int, ...]], dict[int, Manifest | None]] = {}
    for span, manifest in store.manifests.items():
        if span.lineage in rules and not span.until:
            units.setdefault((span.lineage, span.seeds), {})[span.first] = manifest
    files: list[str] = []
    marks: list[Mark] = []
    for (key, seeds), found in units.items():
        if store.untouchable(key, found.values()):
            continue
        models = {t: manifest for t, manifest in found.items() if manifest is not None}
        rule, last = rules[key], max(found)
        finished = last >= rule.generations
        needed = needed_rows(rule.line.rules.recipe, last, rule.generations)
        files += [manifest.place(file) for manifest, file in surplus(models, rule.keep, needed, finished)]
        marks += notes(key, seeds, rule.keep, last, finished)
    return Garbage(
        "states and rows that `keep` lets go",
        tuple(store.files[file] for file in files if file in store.files),
        tuple(marks),
    )


def _set_aside(store: _Store) -> Garbage:
    """What was damaged or redone, a day after."""
    old = [one for one in store.objects.listed("trash") if store.now - one.written > YOUNG]
    return Garbage("manifests and metrics that were set aside", tuple(old))


def _lost(store: _Store) -> Garbage:
    """Files of attempts that no manifest names: of losers of a race, of killed processes, of what was set aside."""
    young = [one.name for one in store.objects.listed("trash") if store.now - one.written <= YOUNG]
    others = [name for name in young if "/spans/" in name]
    others += [*store.objects.names("partial"), *store.objects.names("artifacts")]
    manifests = [*store.manifests.values(), *(_read_named(store.objects, name) for name in others)]
    kept = {file for one in manifests if one is not None for file in map(one.place, one.files)}
    unread = tuple(f"attempts/{span.place}/" for span, manifest in store.manifests.items() if manifest is None)
    lost = [
        one
        for name, one in store.files.items()
        if name not in kept and not name.startswith(unread) and store.old(name) and _key(name) not in store.at_work
    ]
    return Garbage("files of attempts that no manifest names", tuple(lost))


def _attempt(name: str) -> str:
    """The attempt's folder: attempts/<place ...>/<id>, an id being 12 hex digits."""
    parts = name.split("/")
    ids = [number for number, part in enumerate(parts) if len(part) == 12 and set(part) <= set("0123456789abcdef")]
    return "/".join(parts[: ids[0] + 1]) if ids else name


def _key(name: str) -> str:
    """The key in an attempt's name: attempts/<key>/..., or attempts/partial/<key>/...."""
    parts = name.split("/")
    return parts[2] if parts[1] in ("partial", "artifacts") else parts[1]


def _read_manifest(objects: Objects, span: Span) -> Manifest | None:
    return _read_named(objects, span.name)


def _read_named(objects: Objects, name: str) -> Manifest | None:
    """None if it is damaged, or gone meanwhile."""
    try:
        return Manifest.read(objects, name)
    except (Damaged, FileNotFoundError):
        return None


def _rules(asked: Iterable[Asked], say: Callable[[str], None]) -> dict[str, Rule]:
    """Lineage of a trained family -> what is wanted of it; what a sweep names that cannot be read has no rule."""
    rules: dict[str, Rule] = {}
    unread: set[str] = set()
    for one in asked:
        try:
            sweep = _read_sweep(one)
            built = lines(sweep)
        except RayscError as error:
            say(f"sweep {one.name} cannot be read here, so all that it names stays: {error}")
            unread |= one.keys
            continue
        for line in built:
            if line.family.trained:
                key, keep, generations = line.keys.lineage, sweep.keep, sweep.generations
                if before := rules.get(key):
                    keep, generations = both(keep, before.keep), max(generations, before.generations)
                rules[key] = Rule(keep, generations, line)
    return {key: rule for key, rule in rules.items() if key not in unread}


def _read_sweep(one: Asked) -> Sweep:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sweep.yaml"
        file.write_text(json.dumps({**one.resolved, "name": one.name}), encoding="utf-8")  # JSON is YAML
        return read_sweep(str(file), (), registry)
