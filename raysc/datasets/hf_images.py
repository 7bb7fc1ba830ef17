"""Images from Parquet files as Hugging Face data sets have them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from raysc.datasets.cache_folder import absolute
from raysc.datasets.image_rows import Encoded, ImageRows, decoded, split
from raysc.errors import InputError


@dataclass(frozen=True)
class HfImages(ImageRows):
    """The images of a Parquet file or of all those of a folder, in the order of their names.

    An image is an encoded file in a column of structs with ``bytes``, as the Hugging Face hub stores them, or of plain
    binary values. Rows are uint8 (3, height, width), or (1, height, width) if ``grey``; all images have one size. Some
    are held out, chosen at random once and for all: splits are not told apart, so a split that is to stay out must lie
    elsewhere.

    Attributes:
        path: the file or folder, the same on every machine of a cluster; in no key: the images themselves are.
        column: the column with the images; None: the only one that can be.

    Raises:
        InputError: nothing is there.
    """

    path: str
    column: str | None = None

    name: ClassVar[str] = "hf_images"

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", absolute(self.path))
        if not _files(Path(self.path)):
            raise InputError(
                f"there is no Parquet file at the path {self.path}; put those of a Hugging Face "
                "data set there (its repository's folder data, or Dataset.to_parquet)"
            )

    def images(self) -> tuple[np.ndarray, np.ndarray]:
        return _load(str(Path(self.path).resolve()), self.column, self.grey, self.test_rows)


@cache
def _load(path: str, column: str | None, grey: bool, test_rows: int | None) -> tuple[np.ndarray, np.ndarray]:
    files = _files(Path(path))
    chosen = _column(files[0], column)
    return split(decoded(files, grey, lambda: _read(files, chosen), chosen), test_rows)


def _files(place: Path) -> list[Path]:
    if place.is_dir():
        return sorted(place.rglob("*.parquet"))
    return [place] if place.is_file() else []


def _column(file: Path, asked: str | None) -> str:
    with _reading(file):
        schema = pq.read_schema(file)
    able: list[str] = [field.name for field in schema if _holds_images(field.type)]
    if asked is None and len(able) == 1:
        return able[0]
    if asked is None or asked not in able:
        wanted = "several columns" if asked is None and able else f"no column {asked!r}" if asked else "no column"
        raise InputError(f"{file}: {wanted} with images; set column to one of {', '.join(able) or 'none'}")
    return asked


def _holds_images(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return bool(kind.get_field_index("bytes") >= 0)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _read(files: Sequence[Path], column: str) -> Iterator[Encoded]:
    for file in files:
        number = 0
        for values in _batches(file, column):
            for value in values:
                data = value["bytes"] if isinstance(value, dict) else value
                if data is None:
                    raise InputError(f"{file}, row {number}: its image is not in the file; embed it before writing")
                yield f"{file}, row {number}", data
                number += 1


def _batches(file: Path, column: str) -> Iterator[list[Any]]:
    with _reading(file):
        opened = pq.ParquetFile(file)
        if column not in opened.schema_arrow.names:
            raise InputError(f"{file} has no column {column!r}, as the files before it have")
        for batch in opened.iter_batches(batch_size=512, columns=[column]):
            yield batch.column(0).to_pylist()


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    try:
        yield
    except pa.ArrowInvalid as error:
        raise InputError(f"{file} cannot be read as Parquet: {error}") from error
