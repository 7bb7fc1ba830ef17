"""Invariants of a store: some are checked at every change, the others after recovery."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from raysc.planning.resolved import ResolvedSweep
from raysc.store.retention import MODEL
from raysc.store.spans import pack_seeds
from tests.simulation.contents import Change, Contents
from tests.simulation.world import World

VISIBLE = ("spans/", "artifacts/")
"""Folders of manifests that publish results."""


class Watch:
    """Invariants that hold at every change of a store.

    - A manifest is published once, and stays.
    - All of its files are there when it appears, with their checksums.
    - Two manifests at one address, one after the other, publish the same models and rows.
    - No file of a visible manifest is deleted, except for those that retention may drop, and for damaged ones: a state
      whose checksum is wrong serves nobody, and its model stays.

    Attributes:
        tolerates_removal: True while manifests may leave their places: after damage, and with ``--remake``.
        unused: keys of lineages that no sweep names; garbage collection deletes all of theirs.
    """

    def __init__(self, world: World, resolved: ResolvedSweep) -> None:
        """Watch the changes of a world; retention follows the rules of a sweep."""
        self.tolerates_removal = False
        self.unused: frozenset[str] = frozenset()
        self._world = world
        self._keep = resolved.sweep.keep
        self._lineages = {cell.keys.lineage for cell in resolved.cells if cell.family.trained}
        self._initial_models = {
            (keys.run, cell.settings.initial.steps): keys.model
            for cell in resolved.cells
            if (keys := cell.keys.generation_zero) is not None
        }
        self._models = {cell.keys.lineage: cell.models for cell in resolved.cells}
        self._published: dict[str, Mapping[str, str]] = {}
        self._owners: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
        world.contents.observers.append(self._check)
        world.is_published = self._is_published

    def adopt(self, contents: Contents) -> None:
        """Take over the manifests of a store that was filled before."""
        for folder in VISIBLE:
            for name in contents.names(folder.rstrip("/")):
                record = json.loads(contents.objects[name].data)
                self._published[name] = result_digests(record)
                for file, entry in record["files"].items():
                    self._owners[f"{record['attempt']}/{file}"][name] = file, entry["sha256"]

    def _check(self, change: Change) -> None:
        if change.name.startswith(VISIBLE):
            if change.before is not None:
                self._check_unpublished(change)
            if change.after is not None:
                self._check_published(change, change.after.data)
        elif change.name.startswith("attempts/") and change.after is None:
            assert change.before is not None, "only objects are deleted"
            self._check_deleted_file(change.name, sha256(change.before.data).hexdigest())

    def _check_published(self, change: Change, data: bytes) -> None:
        """Check a manifest that appears."""
        if change.before is not None:
            self._world.violate(f"manifest replaced: {change.name}")
        record = json.loads(data)
        for file, entry in record["files"].items():
            name = f"{record['attempt']}/{file}"
            self._owners[name][change.name] = file, entry["sha256"]
            stored = self._world.contents.objects.get(name)
            if stored is None:
                self._world.violate(f"published without its files: {change.name} names {file}, which is absent")
            elif sha256(stored.data).hexdigest() != entry["sha256"]:
                self._world.violate(f"published with other files: {change.name} names {file}, which differs")
        digests = result_digests(record)
        earlier = self._published.setdefault(change.name, digests)
        if differing := sorted(key for key in {*digests, *earlier} if digests.get(key) != earlier.get(key)):
            self._world.violate(f"two results at one address: {change.name} differs in {differing}")

    def _check_unpublished(self, change: Change) -> None:
        """Check a manifest that disappears."""
        for owners in self._owners.values():
            owners.pop(change.name, None)
        is_unused = change.name.split("/")[1] in self.unused
        if change.after is None and not self.tolerates_removal and not is_unused:
            self._world.violate(f"published manifest removed: {change.name}")

    def _check_deleted_file(self, name: str, digest: str) -> None:
        """Check a file of an attempt that disappears; ``digest``: of its last bytes."""
        for manifest, (file, published_digest) in self._owners[name].items():
            if digest == published_digest and not self._may_be_dropped(manifest, file):
                self._world.violate(f"needed file deleted: {name} of {manifest}")

    def _may_be_dropped(self, manifest: str, file: str) -> bool:
        """Return True for a file that ``keep`` drops; nothing of generation 0 is ever dropped."""
        folder, key, pack, span = manifest.split("/")
        if folder != "spans" or key not in self._lineages:
            return False
        published = self._world.contents.names(f"spans/{key}/{pack}")
        places = [name.rsplit("/", 1)[1] for name in published]
        newest = max((int(place.partition("-")[0]) for place in places if place.count("-") == 1), default=0)
        superseded = int(span.partition("-")[0]) < newest
        if file.startswith("rows/"):
            return self._keep.rows == "needed"
        if file.startswith(f"{MODEL}/training_state"):
            return superseded or self._keep.training_state == "none"
        return file.startswith(f"{MODEL}/") and self._keep.models == "last" and superseded

    def _is_published(self, unit: str, generation: int, steps: range, seeds: tuple[int, ...]) -> bool:
        """Return True if the generation that a unit fits is visible: of generation 0, the snapshot at the last step.

        The unit of coupled models has the lineage of the first one in its name; the seeds tell which model is fitted.
        """
        if not unit:
            return False
        kind, key, pack = unit.split("/")
        if kind == "initial":
            key = self._initial_models.get((key, steps.stop), "")
        else:
            models = self._models.get(key, ())
            of_fit = (model for model in models if model.stream_seeds(pack_seeds(pack)) == seeds)
            key = next((model.keys.lineage for model in of_fit), key)
        return f"spans/{key}/{pack}/{generation}-{generation}" in self._world.contents.objects


def result_digests(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests of a manifest's models and rows; its records hold seconds, which differ from run to run."""
    models = {file: entry["sha256"] for file, entry in record["files"].items() if file.startswith(f"{MODEL}/")}
    rows = {f"rows {entry['generation']}-{entry['first']}": entry["sha256"] for entry in record.get("rows", ())}
    return models | rows


def results(contents: Contents) -> dict[str, Mapping[str, str]]:
    """Return the digests of models and rows of all published spans by manifest."""
    return {name: result_digests(json.loads(contents.objects[name].data)) for name in contents.names("spans")}


def leftovers(contents: Contents) -> Iterator[str]:
    """Yield the objects of dead runs: after recovery and garbage collection there are none.

    Leases, trash, probes and checkpoints of published generations, and files that no manifest names.
    """
    for folder in ("leases", "trash", "probes", "partial"):
        yield from contents.names(folder)
    named = set()
    for folder in ("spans", "artifacts"):
        for name in contents.names(folder):
            record = json.loads(contents.objects[name].data)
            named |= {f"{record['attempt']}/{file}" for file in record["files"]}
    yield from (name for name in contents.names("attempts") if name not in named)
