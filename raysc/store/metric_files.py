"""Metrics are artifacts of their own: one Parquet file per metric key and span, beside the spans and never in them."""

import io
import re
from collections import defaultdict
from collections.abc import Mapping
from hashlib import sha256

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from raysc.store.objects import Objects
from raysc.store.publishing import checked
from raysc.store.spans import pack_name, pack_seeds

Places = Mapping[str, Mapping[tuple[int, ...], tuple[str, ...]]]
"""Lineage key -> pack of seeds -> names of the files that hold one metric."""

_NAME = re.compile(r"metrics/[^/]+/([^/]+)/([0-9+-]+)/\d+-\d+-[0-9a-f]+\.parquet")


def _folder(metric: str, lineage: str, seeds: tuple[int, ...]) -> str:
    return f"metrics/{metric}/{lineage}/{pack_name(seeds)}"


def generations_in(name: str) -> range:
    """The generations that a metric file covers, from its name."""
    first, last, _ = name.rsplit("/", 1)[1].split("-")
    return range(int(first), int(last) + 1)


def lineage_of(name: str) -> str:
    """The lineage key in a metric file's name."""
    return name.split("/")[2]


def measured(objects: Objects, metric: str) -> Places:
    """Where one metric has been measured, from one listing of names."""
    found: dict[str, dict[tuple[int, ...], list[str]]] = defaultdict(lambda: defaultdict(list))
    for name in objects.names(f"metrics/{metric}"):
        if match := _NAME.fullmatch(name):
            found[match[1]][pack_seeds(match[2])].append(name)
    return {key: {seeds: tuple(sorted(names)) for seeds, names in packs.items()} for key, packs in found.items()}


def files_of(objects: Objects, metric: str, lineage: str, seeds: tuple[int, ...]) -> dict[int, str]:
    """Generation -> the file that holds one metric of one pack, from one listing of names."""
    names = sorted(name for name in objects.names(_folder(metric, lineage, seeds)) if _NAME.fullmatch(name))
    return {t: name for name in names for t in generations_in(name)}


def write(
    objects: Objects, metric: str, lineage: str, seeds: tuple[int, ...], first: int, last: int, frame: pd.DataFrame
) -> None:
    """Publish a metric of consecutive generations: columns seed, generation and the metric's own.

    The name ends with the beginning of the content's SHA-256, so that a change is found when it is read; whoever
    writes the same values again changes nothing.
    """
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), sink, compression="zstd")
    data = sink.getvalue()
    objects.put(f"{_folder(metric, lineage, seeds)}/{first}-{last}-{sha256(data).hexdigest()[:16]}.parquet", data)


def read(objects: Objects, name: str) -> pd.DataFrame:
    """Read a metric file; Damaged if it is gone or was changed."""
    frame: pd.DataFrame = read_table(objects, name).to_pandas()
    return frame


def read_table(objects: Objects, name: str) -> pa.Table:
    """The same as an Arrow table, which is quicker where many are put together."""
    digest = name.removesuffix(".parquet").rsplit("-", 1)[1]
    return pq.ParquetFile(pa.BufferReader(checked(objects, name, digest, name))).read()
