"""Provenance of a sweep's results: store addresses, package versions and devices."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import pandas as pd

from raysc.planning.resolved import ResolvedCell
from raysc.store.objects import READ_THREADS, Objects
from raysc.store.spans import published_spans

MAX_HOSTS = 6
"""Hosts that are named."""


@dataclass(frozen=True)
class ComputeEnvironment:
    """Software and hardware that lineages were computed with; usually the same for all.

    Attributes:
        versions: package -> version.
        device: device of a rank.
        ranks: number of ranks of a unit.
        lineages: number of lineages.
    """

    versions: Mapping[str, str]
    device: str
    ranks: int
    lineages: int


def compute_environments(cells: Sequence[ResolvedCell], objects: Objects) -> list[ComputeEnvironment]:
    """Read the environments from the manifest of the last span of each lineage; the most frequent one first."""
    records = _last_records(dict.fromkeys(cell.keys.lineage for cell in cells), objects)
    counts = Counter(
        (tuple(record.get("versions", {}).items()), record.get("device", ""), record.get("ranks", 1))
        for record in records
    )
    return [
        ComputeEnvironment(dict(versions), device, ranks, count)
        for (versions, device, ranks), count in counts.most_common()
    ]


def run_text(cells: Sequence[ResolvedCell], objects: Objects) -> str:
    """Return when and where the generations of a sweep were made: ``2026-03-01 09:12 to 11:40 UTC on node-1``.

    Times are those of the storage; hosts are those of the last span of each lineage. It is "" without results.
    """
    keys = {cell.keys.lineage for cell in cells}
    published = [entry for entry in objects.list_objects("spans") if entry.name.split("/")[1] in keys]
    if not published:
        return ""
    first, last = (end(entry.last_modified for entry in published).astimezone(UTC) for end in (min, max))
    until = f" to {last:%H:%M}" if first.date() == last.date() else f" to {last:%Y-%m-%d %H:%M}"
    names = {str(record["host"]) for record in _last_records(keys, objects) if "host" in record}
    hosts = sorted(names)[:MAX_HOSTS]
    more = f" and {len(names) - len(hosts)} more hosts" if len(names) > len(hosts) else ""
    return f"{first:%Y-%m-%d %H:%M}{until} UTC{' on ' if hosts else ''}{', '.join(hosts)}{more}"


def _last_records(lineages: Iterable[str], objects: Objects) -> list[Mapping[str, Any]]:
    """Read the records in the manifests of the last span of each lineage."""
    spans = published_spans(objects)
    last_spans = [max(span for pack in spans[key].values() for span in pack) for key in lineages if key in spans]
    with ThreadPoolExecutor(READ_THREADS) as pool:
        return list(pool.map(lambda span: span.read_manifest(objects).record, last_spans))


def lineage_frame(cells: Sequence[ResolvedCell]) -> pd.DataFrame:
    """Tabulate the axes of each cell and the addresses of lineage and generation 0 (the lineage's if not shared)."""
    rows = []
    for cell in cells:
        lineage, generation_zero = cell.keys.lineage, cell.keys.generation_zero
        rows.append(
            {
                "cell": cell.number,
                **cell.settings.axes,
                "lineage": lineage,
                "generation_0": generation_zero.rows if generation_zero is not None else lineage,
            }
        )
    return pd.DataFrame(rows)
