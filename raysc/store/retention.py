"""Retention: files of a trained lineage that a sweep's ``keep`` lets the store drop, and tombstones of the dropped."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from raysc.models.family import TRAINING_STATE_PREFIX
from raysc.regimes.recipe import Recipe
from raysc.settings import Keep
from raysc.store.names import TOMBSTONE
from raysc.store.objects import Objects
from raysc.store.publishing import Manifest
from raysc.store.spans import pack_name

MODEL = "model"
"""Folder of a trained state in a span's attempt."""


@dataclass(frozen=True)
class RetentionRule:
    """Retention of one trained lineage.

    Attributes:
        keep: the most generous ``keep`` of the sweeps that name the lineage.
        generations: the largest T of these sweeps.
        recipes: functions from a generation to its recipe: that of the lineage, and those of the models that are
            coupled with it.
        lineages: keys of the lineages that are made in step: this one, and those of the models coupled with it.
    """

    keep: Keep
    generations: int
    recipes: tuple[Callable[[int], Recipe], ...]
    lineages: tuple[str, ...]


def droppable_files(
    models: Mapping[int, Manifest], keep: Keep, needed: Collection[int], finished: bool
) -> Iterator[tuple[Manifest, str]]:
    """Yield the files that may be deleted, as (manifest, file).

    Args:
        models: the published generations >= 1 of one unit.
        keep: the retention rule.
        needed: generations whose rows a further generation would train on.
        finished: True if the unit runs no further generation now.
    """
    last = max(models, default=0)
    for t, manifest in models.items():
        rows = {
            entry["file"]
            for entry in manifest.record.get("rows", ())
            if "file" in entry and keep.rows == "needed" and entry["generation"] not in needed
        }
        states = {file for file in manifest.files if _state_is_droppable(file, t == last, keep, finished)}
        yield from ((manifest, file) for file in sorted(rows | states))


def _state_is_droppable(file: str, newest: bool, keep: Keep, finished: bool) -> bool:
    """Return True for a file of a model or training state that the rule drops; ``newest``: of the last generation."""
    folder, _, file_name = file.partition("/")
    if folder != MODEL:
        return False
    if not newest and keep.models == "last":
        return True
    training_state_unused = not newest or (finished and keep.training_state == "none")
    return training_state_unused and file_name.startswith(TRAINING_STATE_PREFIX)


def needed_rows(recipes: Iterable[Callable[[int], Recipe]], last: int, generations: int) -> set[int]:
    """Return the generations whose rows the next generations would train on: those up to T and the first beyond it.

    Args:
        recipes: functions from a generation to its recipe, of all models that read the rows.
        last: the newest published generation.
        generations: T.
    """
    upcoming = range(last + 1, max(last, generations) + 2)
    takes = (take for recipe in recipes for t in upcoming for take in recipe(t).takes)
    return {take.source.generation for take in takes if take.source.kind == "synthetic"}


@dataclass(frozen=True)
class Tombstone:
    """A record that retention dropped something. It is an object's name, so that the plan reads names alone.

    Attributes:
        lineage: key of the lineage.
        seeds: the pack.
        kind: "training_state" at ``generation``, or "models" of all generations up to it.
        generation: see ``kind``.
    """

    lineage: str
    seeds: tuple[int, ...]
    kind: Literal["training_state", "models"]
    generation: int


def tombstones(lineage: str, seeds: tuple[int, ...], keep: Keep, last: int, finished: bool) -> Iterator[Tombstone]:
    """Yield the tombstones of what ``droppable_files`` drops and without which published generations are trained again.

    Args:
        lineage: key of the lineage.
        seeds: the pack.
        keep: the retention rule.
        last: the newest published generation.
        finished: True if the unit runs no further generation now.
    """
    if keep.models == "last" and keep.rows == "needed" and last > 1:
        yield Tombstone(lineage, seeds, "models", last - 1)
    if keep.training_state == "none" and finished:
        yield Tombstone(lineage, seeds, "training_state", last)


def write_tombstone(objects: Objects, tombstone: Tombstone) -> None:
    """Write a tombstone; its object is empty."""
    folder = _folder(tombstone.lineage, tombstone.seeds)
    objects.put(f"{folder}/{tombstone.kind}-{tombstone.generation}", b"")


def tombstone_index(names: Iterable[str]) -> dict[tuple[str, str], dict[str, int]]:
    """Map (lineage, pack) and kind of tombstone to the highest generation, from names below dropped/."""
    index: dict[tuple[str, str], dict[str, int]] = {}
    for name in names:
        if match := TOMBSTONE.fullmatch(name):
            generations = index.setdefault((match["key"], match["pack"]), {})
            generations[match["kind"]] = max(generations.get(match["kind"], 0), int(match["generation"]))
    return index


def dropped_generations(objects: Objects, lineage: str, seeds: tuple[int, ...]) -> Mapping[str, int]:
    """Map the kinds of a unit's tombstones to the highest generation, from one listing of names."""
    return tombstone_index(objects.names(_folder(lineage, seeds))).get((lineage, pack_name(seeds)), {})


def delete_tombstones(objects: Objects, lineage: str, seeds: tuple[int, ...]) -> None:
    """Delete all tombstones of a unit."""
    objects.delete(list(objects.names(_folder(lineage, seeds))))


def _folder(lineage: str, seeds: tuple[int, ...]) -> str:
    return f"dropped/{lineage}/{pack_name(seeds)}"
