"""Provenance of a sweep's results: store addresses, package versions and devices."""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pandas as pd

from raysc.planning.resolved import ResolvedCell
from raysc.store.objects import READ_THREADS, Objects
from raysc.store.spans import Span, published_spans


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
    spans = published_spans(objects)
    keys = dict.fromkeys(cell.keys.lineage for cell in cells)
    last_spans = [max(span for pack in spans[key].values() for span in pack) for key in keys if key in spans]
    with ThreadPoolExecutor(READ_THREADS) as pool:
        records = list(pool.map(lambda span: _record(span, objects), last_spans))
    counts = Counter(
        (tuple(record.get("versions", {}).items()), record.get("device", ""), record.get("ranks", 1))
        for record in records
    )
    return [
        ComputeEnvironment(dict(versions), device, ranks, count)
        for (versions, device, ranks), count in counts.most_common()
    ]


def _record(span: Span, objects: Objects) -> Mapping[str, Any]:
    """Read the record in the manifest of a span."""
    return span.read_manifest(objects).record


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
