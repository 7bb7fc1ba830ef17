"""Generations that were trained from a lost training state: averaged weights in the place of raw ones, no moments.

Versions of raysc before 0.1.0 continued without notice where the file of a training state was missing. The files of
such generations are intact, so checksums show nothing. A training state counts the optimiser steps since the weights
were random; after a lost state it counts from there only. Retention keeps the state of a lineage's last generation, so
this is what can be known: with ``keep: {training_state: none}`` nothing, and of several lost states the last one.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from raysc.execution import records
from raysc.models.family import STEPS_TAKEN, TRAINING_STATE_JSON
from raysc.planning.resolved import ResolvedCell, ResolvedSweep
from raysc.seeds import generation_zero_pack
from raysc.store.inventory import list_entries
from raysc.store.keys import GenerationZeroKeys
from raysc.store.names import CHECKPOINT, METRIC_FILE, SPAN, TOMBSTONE
from raysc.store.objects import Objects
from raysc.store.publishing import DamagedObjectError, Manifest
from raysc.store.retention import MODEL, Tombstone, tombstone_index, write_tombstone
from raysc.store.spans import END, NO_UNTIL, Span, pack_name, published_spans, valid_spans
from raysc.store.trash import move_to_trash

Pack = tuple[int, ...]


@dataclass(frozen=True)
class LostState:
    """A training state that was missing when training went on from it.

    Attributes:
        key: key of the lineage, or of generation 0's model.
        seeds: the pack.
        first: the first generation that was trained from it; it and all later ones are wrong.
        taken: optimiser steps that the state of a later generation counts.
        expected: optimiser steps that led to that generation.
        dependents: keys whose entries are wrong too: of the rows that such a generation 0 sampled.
    """

    key: str
    seeds: Pack
    first: int
    taken: int
    expected: int
    dependents: tuple[str, ...] = ()

    def __str__(self) -> str:
        return (
            f"lineage {self.key}, seeds {pack_name(self.seeds)}: generation {self.first} was trained from a state "
            f"without raw weights and moments ({self.taken} optimiser steps are counted, not {self.expected})"
        )


def find_lost_states(resolved: ResolvedSweep, objects: Objects) -> Iterator[LostState]:
    """Yield the lost states that the published generations of a sweep were trained from."""
    lineages = {cell.keys.lineage: cell for cell in resolved.cells if cell.family.trained}
    rows_by_model: dict[str, set[str]] = defaultdict(set)
    for cell in lineages.values():
        keys = _generation_zero(cell)
        rows_by_model[keys.model].add(keys.rows)
    seeds = resolved.stored_seeds
    for model, rows in rows_by_model.items():
        for pack, spans in _published(objects, model, seeds[model]).items():
            if (lost := _lost(objects, model, pack, spans)) is not None:
                yield replace(lost, dependents=tuple(sorted(rows)))
    for lineage, cell in lineages.items():
        if cell.settings.start == "previous":
            model = _generation_zero(cell).model
            initial = _published(objects, model, seeds[model])
            for pack, spans in _published(objects, lineage, seeds[lineage]).items():
                if (
                    lost := _lost(objects, lineage, pack, (*initial.get(generation_zero_pack(pack), ()), *spans))
                ) is not None:
                    yield lost


def _generation_zero(cell: ResolvedCell) -> GenerationZeroKeys:
    keys = cell.keys.generation_zero
    assert keys is not None, "generation 0 of a trained family has keys"
    return keys


def _published(objects: Objects, key: str, seeds: Collection[int]) -> dict[Pack, tuple[Span, ...]]:
    """Return the spans with generations of the packs that hold one of the seeds."""
    packs = published_spans(objects, key).get(key, {})
    return {pack: valid_spans(spans, NO_UNTIL) for pack, spans in packs.items() if not set(seeds).isdisjoint(pack)}


def set_aside(objects: Objects, lost: LostState) -> None:
    """Move what was made from a lost state to the trash: spans, metrics and checkpoints, the last ones first.

    So a process that dies meanwhile leaves generations without a gap, which the next look judges again.
    """
    names = list_entries(dict.fromkeys((lost.key, *lost.dependents), lost.seeds), objects)
    names = [name for name in names if f"/{pack_name(lost.seeds)}/" in name]
    generations = {name: _last_generation(name) for name in names}
    wrong = [name for name in names if generations[name] >= lost.first]
    tombstones = [name for name in wrong if name.startswith("dropped/")]
    models = tombstone_index(tombstones).get((lost.key, pack_name(lost.seeds)), {}).get("models", 0)
    if models and lost.first > 1:
        write_tombstone(objects, Tombstone(lost.key, lost.seeds, "models", lost.first - 1))
    objects.delete(tombstones)
    remaining = sorted(set(wrong) - set(tombstones), key=lambda name: (name.startswith("spans/"), -generations[name]))
    move_to_trash(objects, remaining, str(lost))


def _last_generation(name: str) -> int:
    """Return the last generation that an entry holds; of a span of ``loop.until``, that on which it was judged."""
    if match := SPAN.fullmatch(name):
        return int(match["first"]) - (match["until"] is not None)
    if match := METRIC_FILE.fullmatch(name):
        return int(match["last"])
    match = CHECKPOINT.fullmatch(name) or TOMBSTONE.fullmatch(name)
    assert match is not None, "an entry has one of these forms"
    return int(match["generation"])


def _lost(objects: Objects, key: str, pack: Pack, spans: tuple[Span, ...]) -> LostState | None:
    """Compare the steps that the states of consecutive generations, from G_0 on, count with those that were taken."""
    if [span.first for span in spans] != list(range(len(spans))):
        return None  # generations are missing; they are made first
    try:
        manifests = [span.read_manifest(objects) for span in spans]
        steps = [int(records.get(manifest)["optimiser_steps"].max()) for manifest in manifests]
        counts = {t: _steps_taken(manifest) for t, manifest in enumerate(manifests) if _has_count(manifest)}
    except (DamagedObjectError, FileNotFoundError):
        return None  # set aside by itself
    if counts.get(0, steps[0]) is None:
        return None  # generation 0 is of a time when steps were not counted
    earliest = None
    for t, taken in counts.items():
        expected = sum(steps[: t + 1])
        incomplete = steps[t] if spans[t].last >= END else 0  # training stops where all seeds have diverged
        if taken is not None and taken + incomplete < expected:
            first = next(first for first in range(t, -1, -1) if first == 0 or sum(steps[first : t + 1]) >= taken)
            if earliest is None or first < earliest.first:
                earliest = LostState(key, pack, first, taken, expected)
    return earliest


def _has_count(manifest: Manifest) -> bool:
    return manifest.has_file(f"{MODEL}/{TRAINING_STATE_JSON}")


def _steps_taken(manifest: Manifest) -> int | None:
    """Return the optimiser steps since the weights were random that a training state counts; None if it does not."""
    try:
        values = json.loads(manifest.get(f"{MODEL}/{TRAINING_STATE_JSON}"))
    except ValueError:
        return None
    steps = values.get(STEPS_TAKEN) if isinstance(values, dict) else None
    return steps if isinstance(steps, int) else None
