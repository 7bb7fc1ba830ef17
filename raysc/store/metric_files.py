"""Metrics are artifacts of their own: one Parquet file per metric key and span, beside the spans and never in them."""

import io
import re
from collections import defaultdict
from collections.abc import Mapping

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from raysc.store.objects import Objects
from raysc.store.publishing import Damaged
from raysc.store.spans import pack_name, pack_seeds

Places = Mapping[str, Mapping[tuple[int, ...], tuple[str, ...]]]
"""Lineage key -> pack of seeds -> names of the files that hold one metric."""

_NAME = re.compile(r"metrics/[^/]+/([^/]+)/([0-9+-]+)/(\d+-\d+)\.parquet")


def metric_name(metric: str, lineage: str, seeds: tuple[int, ...], first: int, last: int) -> str:
    """The name of a metric file."""
    return f"metrics/{metric}/{lineage}/{pack_name(seeds)}/{first}-{last}.parquet"


def generations_in(name: str) -> range:
    """The generations that a metric file covers, from its name."""
    first, _, last = name.rsplit("/", 1)[1].removesuffix(".parquet").partition("-")
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


def write(objects: Objects, name: str, frame: pd.DataFrame) -> None:
    """Publish a metric file: columns seed, generation and the metric's own; whoever comes second changes nothing."""
    sink = io.BytesIO()
    table = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
    objects.create(name, sink.getvalue())


def read(objects: Objects, name: str) -> pd.DataFrame:
    """Read a metric file; Damaged if it was changed or cut off."""
    frame: pd.DataFrame = read_table(objects, name).to_pandas()
    return frame


def read_table(objects: Objects, name: str) -> pa.Table:
    """The same as an Arrow table, which is quicker where many are put together."""
    try:
        return pq.ParquetFile(pa.BufferReader(objects.get(name)), page_checksum_verification=True).read()
    except (OSError, pa.ArrowInvalid) as error:
        raise Damaged(f"{objects.uri}/{name} was changed or cut off: {error}") from error
