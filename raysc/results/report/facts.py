"""What is to be known of a sweep beside its numbers: what failed, what diverged, who made it with what."""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pandas as pd

from raysc.planning.plan import Plan
from raysc.planning.resolved import Line
from raysc.results.report.layout import label
from raysc.store.objects import READERS, Objects
from raysc.store.spans import Span, published


@dataclass(frozen=True)
class Failure:
    """A unit that failed and has not been made since.

    Attributes:
        cell: that it was run for, in words.
        seeds: of the unit.
        reason: the last line of its traceback.
    """

    cell: str
    seeds: str
    reason: str


def failures(plan: Plan, objects: Objects) -> list[Failure]:
    """Units of a plan, so still missing, that left a traceback."""
    prefix = f"sweeps/{plan.sweep.name}/failures/"
    tracebacks = {name.removeprefix(prefix).removesuffix(".txt"): name for name in objects.names(prefix.rstrip("/"))}
    found = []
    for unit in plan.units:
        if unit.name in tracebacks:
            lines = objects.get(tracebacks[unit.name]).decode(errors="replace").strip().splitlines()
            seeds = ", ".join(map(str, unit.seeds))
            found.append(Failure(named(unit.line), seeds, lines[-1] if lines else "it left no words"))
    return found


@dataclass(frozen=True)
class Divergence:
    """Seeds of a cell whose model diverged.

    Attributes:
        cell: in words.
        seeds: seed -> the first generation that is not finite.
        of: seeds of the cell that have results.
    """

    cell: str
    seeds: Mapping[int, int]
    of: int


def divergences(table: pd.DataFrame, lines: Sequence[Line]) -> list[Divergence]:
    """By cell, in the sweep's order."""
    ended = table[table["diverged"].astype(bool)]
    firsts = ended.groupby(["cell", "seed"], as_index=False)["generation"].min()
    seeds = table.groupby("cell")["seed"].nunique()
    found: dict[int, dict[int, int]] = {}
    for cell, seed, t in firsts.itertuples(index=False, name=None):
        found.setdefault(int(cell), {})[int(seed)] = int(t)
    return [Divergence(named(lines[cell]), own, int(seeds[cell])) for cell, own in found.items()]


def named(line: Line) -> str:
    """A cell by its axes."""
    axes = line.cell.axes
    return label(list(axes), list(axes.values()))


@dataclass(frozen=True)
class Making:
    """With what lineages were made; usually all with the same.

    Attributes:
        versions: package -> version.
        device: what a rank ran on.
        ranks: of a unit.
        lineages: how many, of those that were looked at.
    """

    versions: Mapping[str, str]
    device: str
    ranks: int
    lineages: int


def makings(lines: Sequence[Line], objects: Objects) -> list[Making]:
    """By the manifest of the newest span of each lineage; the most frequent first."""
    there = published(objects)
    keys = dict.fromkeys(line.keys.lineage for line in lines)
    newest = [max(span for spans in there[key].values() for span in spans) for key in keys if key in there]
    with ThreadPoolExecutor(READERS) as pool:
        records = list(pool.map(lambda span: _record(span, objects), newest))
    told = Counter(
        (tuple(record.get("versions", {}).items()), record.get("device", ""), record.get("ranks", 1))
        for record in records
    )
    return [Making(dict(versions), device, ranks, count) for (versions, device, ranks), count in told.most_common()]


def _record(span: Span, objects: Objects) -> Mapping[str, Any]:
    return span.manifest(objects).record


def lineages(lines: Sequence[Line]) -> pd.DataFrame:
    """Cell, its axes, its lineage's address and that of its generation 0 where it is shared."""
    return pd.DataFrame(
        [
            {
                "cell": line.number,
                **line.cell.axes,
                "lineage": line.keys.lineage,
                "generation_0": line.keys.zero.rows if line.keys.zero is not None else line.keys.lineage,
            }
            for line in lines
        ]
    )


def question(comment: str) -> list[str]:
    """What a sweep asks: the paragraphs of the comment that its file opens with, its command left out."""
    kept = [line.strip() for line in comment.splitlines() if not line.strip().startswith("raysc sweep ")]
    return [" ".join(lines) for filled, lines in groupby(kept, bool) if filled]
