"""The log of fits that the benchmark of faults writes, and the training that kills made necessary again."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raysc.planning.resolved import ResolvedCell

ENDED = ".ended"
"""Suffix of the file beside the log with the fits that ended."""


@dataclass(frozen=True)
class LoggedFit:
    """One call of ``fit``.

    Attributes:
        entry: its line of the log: time of its start, seed, generation, steps, training set.
        ended: time of its end, in seconds since the epoch; None for a fit that was killed.
    """

    entry: Mapping[str, Any]
    ended: float | None

    @property
    def started(self) -> float:
        """Time of its start, in seconds since the epoch."""
        return float(self.entry["time"])


def read_fits(log: Path) -> list[LoggedFit]:
    """Read a log, in the order of time."""
    ends_file = log.with_name(log.name + ENDED)
    lines = ends_file.read_text().splitlines() if ends_file.exists() else []
    ends = {_identity(entry): entry["ended"] for entry in map(json.loads, lines)}
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    fits = [LoggedFit(entry, ends.get(_identity(entry))) for entry in entries]
    return sorted(fits, key=lambda fit: fit.started)


def lost_seconds(
    fits: Sequence[LoggedFit], kills: Sequence[float], address_of: Callable[[Mapping[str, Any]], Hashable]
) -> list[float]:
    """Return for each kill the seconds of training that had to be done again.

    A fit was lost if a later fit of the same generation begins at its first step or before. Its seconds count for the
    first kill after its start.

    Args:
        fits: in the order of time.
        kills: times of the kills, in order, in seconds since the epoch.
        address_of: function from an entry to what identifies its generation: lineage, seed and t.
    """
    by_address: dict[Hashable, list[LoggedFit]] = defaultdict(list)
    for fit in fits:
        by_address[address_of(fit.entry)].append(fit)
    lost = [0.0] * len(kills)
    for of_generation in by_address.values():
        for position, fit in enumerate(of_generation):
            later = of_generation[position + 1 :]
            kill = next((number for number, time in enumerate(kills) if time >= fit.started), None)
            if kill is None or not any(again.entry["first"] <= fit.entry["first"] for again in later):
                continue
            ended = kills[kill] if fit.ended is None else fit.ended
            lost[kill] += ended - fit.started
    return lost


def _identity(entry: Mapping[str, Any]) -> Hashable:
    return entry["time"], entry["seed"], entry["generation"], entry["first"]


def address(entry: Mapping[str, Any], cells: Sequence[ResolvedCell]) -> tuple[str, int, int]:
    """Return lineage, seed and generation of an entry of the log; generation 0 has one training run for all cells."""
    lineage = lineage_of(entry, cells) if entry["generation"] else ""
    return lineage, entry["seed"], entry["generation"]


def lineage_of(entry: Mapping[str, Any], cells: Sequence[ResolvedCell]) -> str:
    """Return the key of the lineage that a fit of generation t >= 1 belongs to, from its training set."""
    parents = {name.split("/")[1] for name in entry["names"]}
    lineages = [cell.keys.lineage for cell in cells if _trains_on(cell, entry["generation"], entry["counts"], parents)]
    assert len(lineages) == 1, f"the log does not identify the lineage of a fit: {entry}"
    return lineages[0]


def _trains_on(cell: ResolvedCell, t: int, counts: Mapping[str, int], parents: set[str]) -> bool:
    """Return True if generation t of a cell trains on these counts by kind of source and on rows of these parents."""
    takes = cell.rules.recipe(t).takes
    expected: Counter[str] = Counter()
    for take in takes:
        expected[take.source.kind] += take.count
    lineage, zero = cell.keys.lineage, cell.keys.generation_zero
    assert zero is not None, "the family is trained"
    synthetic = {lineage if take.source.generation else zero.rows for take in takes if take.source.kind == "synthetic"}
    return dict(expected) == counts and (synthetic == parents or parents == synthetic | {lineage})
