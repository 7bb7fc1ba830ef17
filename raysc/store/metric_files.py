"""Metric files: one Parquet file for each metric key and range of generations, apart from the spans."""

import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING

from raysc.store.names import METRIC_FILE
from raysc.store.objects import Objects
from raysc.store.publishing import read_verified
from raysc.store.spans import pack_name, read_pack

if TYPE_CHECKING:  # a plan reads names only, and importing pandas takes half a second
    import pandas as pd
    import pyarrow as pa

FilesByPack = Mapping[str, Mapping[tuple[int, ...], tuple[str, ...]]]
"""Lineage key -> pack of seeds -> names of the files of one metric, in the order of use."""


def _folder(metric: str, lineage: str, seeds: tuple[int, ...]) -> str:
    return f"metrics/{metric}/{lineage}/{pack_name(seeds)}"


def file_generations(name: str) -> range:
    """Return the generations of a metric file, from its name."""
    first, last, _ = name.rsplit("/", 1)[1].split("-")
    return range(int(first), int(last) + 1)


def file_lineage(name: str) -> str:
    """Return the lineage key in a metric file's name."""
    return name.split("/")[2]


def list_files(objects: Objects, metric: str) -> FilesByPack:
    """Return the files of one metric, from one listing of names."""
    files: dict[str, dict[tuple[int, ...], list[str]]] = defaultdict(lambda: defaultdict(list))
    for name in objects.names(f"metrics/{metric}"):
        if (match := METRIC_FILE.fullmatch(name)) and (seeds := read_pack(match["pack"])):
            files[match["key"]][seeds].append(name)
    return {
        key: {seeds: tuple(in_order_of_use(names)) for seeds, names in packs.items()} for key, packs in files.items()
    }


def files_by_generation(objects: Objects, metric: str, lineage: str, seeds: tuple[int, ...]) -> dict[int, str]:
    """Map each generation to the file of one metric of one pack, from one listing of names."""
    names = [name for name in objects.names(_folder(metric, lineage, seeds)) if METRIC_FILE.fullmatch(name)]
    return {t: name for name in reversed(in_order_of_use(names)) for t in file_generations(name)}


def in_order_of_use(names: Iterable[str]) -> list[str]:
    """Return the files of one metric and pack so that a generation is read from the first file that holds it.

    Two processes that measure the same generation on different machines may write two files. Tables and units read
    the same one: the longest, of equally long ones the first by name.
    """
    return sorted(names, key=lambda name: (-len(file_generations(name)), name))


def write(
    objects: Objects, metric: str, lineage: str, seeds: tuple[int, ...], first: int, last: int, frame: "pd.DataFrame"
) -> None:
    """Write the values of a metric for consecutive generations.

    The name ends with the first 16 digits of the content's SHA-256, so that reading detects a change. Writing the same
    values again replaces a file by an equal one.

    Args:
        objects: the store.
        metric: key of the metric.
        lineage: key of the lineage, or of S_0.
        seeds: the pack.
        first: first generation.
        last: last generation.
        frame: columns seed, generation and those of the metric.
    """
    data = encode(frame)
    objects.put(f"{_folder(metric, lineage, seeds)}/{first}-{last}-{sha256(data).hexdigest()[:16]}.parquet", data)


def read(objects: Objects, name: str) -> "pd.DataFrame":
    """Read a metric file.

    Raises:
        DamagedObjectError: the file is missing or was changed.
    """
    frame: pd.DataFrame = read_table(objects, name).to_pandas()
    return frame


def read_table(objects: Objects, name: str) -> "pa.Table":
    """Read a metric file as an Arrow table, which is faster to concatenate than a frame.

    Raises:
        DamagedObjectError: the file is missing or was changed.
    """
    digest = name.removesuffix(".parquet").rsplit("-", 1)[1]
    return decode(read_verified(objects, name, digest))


def encode(frame: "pd.DataFrame") -> bytes:
    """Return a frame as a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), sink, compression="zstd")
    return sink.getvalue()


def decode(data: bytes) -> "pa.Table":
    """Read a Parquet file as an Arrow table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pq.ParquetFile(pa.BufferReader(data)).read()
