"""Metric files: one Parquet file for each metric key and range of generations, apart from the spans."""

import io
import re
from collections import defaultdict
from collections.abc import Mapping
from hashlib import sha256

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from raysc.store.objects import Objects
from raysc.store.publishing import read_verified
from raysc.store.spans import pack_name, pack_seeds

FilesByPack = Mapping[str, Mapping[tuple[int, ...], tuple[str, ...]]]
"""Lineage key -> pack of seeds -> names of the files of one metric, sorted."""

_NAME = re.compile(r"metrics/[^/]+/([^/]+)/([0-9+-]+)/\d+-\d+-[0-9a-f]+\.parquet")


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
        if match := _NAME.fullmatch(name):
            files[match[1]][pack_seeds(match[2])].append(name)
    return {key: {seeds: tuple(sorted(names)) for seeds, names in packs.items()} for key, packs in files.items()}


def files_by_generation(objects: Objects, metric: str, lineage: str, seeds: tuple[int, ...]) -> dict[int, str]:
    """Map each generation to the file of one metric of one pack, from one listing of names."""
    names = sorted(name for name in objects.names(_folder(metric, lineage, seeds)) if _NAME.fullmatch(name))
    return {t: name for name in names for t in file_generations(name)}


def write(
    objects: Objects, metric: str, lineage: str, seeds: tuple[int, ...], first: int, last: int, frame: pd.DataFrame
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
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), sink, compression="zstd")
    data = sink.getvalue()
    objects.put(f"{_folder(metric, lineage, seeds)}/{first}-{last}-{sha256(data).hexdigest()[:16]}.parquet", data)


def read(objects: Objects, name: str) -> pd.DataFrame:
    """Read a metric file.

    Raises:
        DamagedObjectError: the file is missing or was changed.
    """
    frame: pd.DataFrame = read_table(objects, name).to_pandas()
    return frame


def read_table(objects: Objects, name: str) -> pa.Table:
    """Read a metric file as an Arrow table, which is faster to concatenate than a frame.

    Raises:
        DamagedObjectError: the file is missing or was changed.
    """
    digest = name.removesuffix(".parquet").rsplit("-", 1)[1]
    return pq.ParquetFile(pa.BufferReader(read_verified(objects, name, digest, name))).read()
