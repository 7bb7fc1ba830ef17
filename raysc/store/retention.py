"""What of a trained lineage may leave the store, by the sweep's ``keep``."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from raysc.models.family import TRAINING_STATE
from raysc.regimes.recipe import Recipe
from raysc.settings import Keep
from raysc.store.objects import Objects
from raysc.store.publishing import Manifest
from raysc.store.spans import pack_name

MODEL = "model"
"""Folder of a trained state in a span's attempt."""


def surplus(
    models: Mapping[int, Manifest], keep: Keep, needed: Collection[int], finished: bool
) -> Iterator[tuple[Manifest, str]]:
    """The files that nobody needs any more, as (manifest, file).

    Args:
        models: the published generations >= 1 of one unit.
        keep: the rule.
        needed: generations whose rows a further generation would train on.
        finished: whether the unit will run no further generation now.
    """
    last = max(models, default=0)
    for t, manifest in models.items():
        dropped = {
            entry["file"]
            for entry in manifest.record.get("rows", ())
            if "file" in entry and keep.rows == "needed" and entry["generation"] not in needed
        }
        for file in manifest.files:
            folder, _, inner = file.partition("/")
            if folder == MODEL and (
                (t < last and keep.models == "last")
                or (inner.startswith(TRAINING_STATE) and (t < last or (finished and keep.training_state == "none")))
            ):
                dropped.add(file)
        yield from ((manifest, file) for file in sorted(dropped))


def needed_rows(recipe: Callable[[int], Recipe], last: int, generations: int) -> set[int]:
    """The generations whose rows the next ones would train on: those up to T and the first beyond it.

    Args:
        recipe: of a generation.
        last: the newest published one.
        generations: T.
    """
    upcoming = range(last + 1, max(last, generations) + 2)
    takes = (take for t in upcoming for take in recipe(t).takes)
    return {take.source.generation for take in takes if take.source.kind == "synthetic"}


@dataclass(frozen=True)
class Mark:
    """A note that something was dropped on purpose; a name, so that the plan can tell from names alone.

    Attributes:
        lineage: address.
        seeds: the pack.
        what: its training state at ``generation``, or its models up to it.
        generation: see above.
    """

    lineage: str
    seeds: tuple[int, ...]
    what: Literal["training_state", "models"]
    generation: int


def notes(lineage: str, seeds: tuple[int, ...], keep: Keep, last: int, finished: bool) -> Iterator[Mark]:
    """What has to be noted of what ``surplus`` drops: going on without it trains published generations again."""
    if keep.models == "last" and keep.rows == "needed" and last > 1:
        yield Mark(lineage, seeds, "models", last - 1)
    if keep.training_state == "none" and finished:
        yield Mark(lineage, seeds, "training_state", last)


def mark(objects: Objects, note: Mark) -> None:
    """Leave a note."""
    objects.put(f"{_folder(note.lineage, note.seeds)}/{note.what}-{note.generation}", b"")


def marks(names: Iterable[str]) -> dict[tuple[str, str], dict[str, int]]:
    """(lineage, pack) -> what was dropped -> the highest generation, from names below dropped/."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for name in names:
        _, lineage, pack, mark = name.split("/")
        what, _, generation = mark.rpartition("-")
        own = found.setdefault((lineage, pack), {})
        own[what] = max(own.get(what, 0), int(generation))
    return found


def unmark(objects: Objects, lineage: str, seeds: tuple[int, ...]) -> None:
    """Remove all such notes of a unit."""
    objects.delete(list(objects.names(_folder(lineage, seeds))))


def _folder(lineage: str, seeds: tuple[int, ...]) -> str:
    return f"dropped/{lineage}/{pack_name(seeds)}"
