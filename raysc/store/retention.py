"""What of a trained lineage may leave the store, by the sweep's ``keep``."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Literal

from raysc.models.family import TRAINING_STATE
from raysc.store.objects import Objects
from raysc.store.publishing import Manifest
from raysc.store.spans import pack_name
from raysc.sweepfile.settings import Keep

Dropped = Literal["training_state", "models"]
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


def mark(objects: Objects, lineage: str, seeds: tuple[int, ...], what: Dropped, generation: int) -> None:
    """Note by a name that a unit's training state at a generation, or its models up to it, were dropped on purpose.

    So the plan can tell, from names alone, that going on would train published generations again.
    """
    objects.put(f"{_folder(lineage, seeds)}/{what}-{generation}", b"")


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
