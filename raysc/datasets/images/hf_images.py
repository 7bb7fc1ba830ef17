"""Images from Parquet files in the layout of Hugging Face data sets."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from raysc.datasets.images.image_cache import EncodedImage, load_images
from raysc.datasets.images.image_files import ImageFiles, split_images
from raysc.datasets.local_files import absolute_path
from raysc.errors import InputError


@dataclass(frozen=True)
class HfImages(ImageFiles):
    """The images of a Parquet file or of all Parquet files of a folder, in the order of their names.

    An image is an encoded file, in a column of structs with ``bytes``, the layout of the Hugging Face hub, or of binary
    values. Rows are uint8 (3, height, width), or (1, height, width) if ``grey``; all images have one size. The held-out
    images are one fixed random choice. Splits of the hub are not distinguished: keep a split that must stay out in
    another folder.

    Attributes:
        path: the file or folder, the same on every machine of a cluster. The path is in no key; the content of the
            images is.
        column: the column with the images; None: the only column that can hold images.

    Raises:
        InputError: there is no Parquet file at the path.
    """

    path: str
    column: str | None = None

    name: ClassVar[str] = "hf_images"

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", absolute_path(self.path))
        if not _parquet_files(Path(self.path)):
            raise InputError(
                f"there is no Parquet file at the path {self.path}; put those of a Hugging Face "
                "data set there (its repository's folder data, or Dataset.to_parquet)"
            )

    def images(self) -> tuple[np.ndarray, np.ndarray]:
        return _load(str(Path(self.path).resolve()), self.column, self.grey, self.test_rows)


@cache
def _load(path: str, column: str | None, grey: bool, test_rows: int | None) -> tuple[np.ndarray, np.ndarray]:
    files = _parquet_files(Path(path))
    name = _image_column(files[0], column)
    return split_images(load_images(files, grey, lambda: _read_images(files, name), name), test_rows)


def _parquet_files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(path.rglob("*.parquet"))
    return [path] if path.is_file() else []


def _image_column(file: Path, column: str | None) -> str:
    """Return the column with the images: the given one, or the only one that can hold images."""
    with _parquet_errors(file):
        schema = pq.read_schema(file)
    candidates: list[str] = [field.name for field in schema if _can_hold_images(field.type)]
    if column is None and len(candidates) == 1:
        return candidates[0]
    if column is None or column not in candidates:
        problem = f"no column {column!r}" if column else "several columns" if candidates else "no column"
        raise InputError(f"{file}: {problem} with images; set column to one of {', '.join(candidates) or 'none'}")
    return column


def _can_hold_images(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return bool(kind.get_field_index("bytes") >= 0)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _read_images(files: Sequence[Path], column: str) -> Iterator[EncodedImage]:
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
    with _parquet_errors(file):
        parquet = pq.ParquetFile(file)
        if column not in parquet.schema_arrow.names:
            raise InputError(f"{file} has no column {column!r}, as the files before it have")
        for batch in parquet.iter_batches(batch_size=512, columns=[column]):
            yield batch.column(0).to_pylist()


@contextmanager
def _parquet_errors(file: Path) -> Iterator[None]:
    """Turn Arrow's errors about a file into InputError."""
    try:
        yield
    except pa.ArrowInvalid as error:
        raise InputError(f"{file} cannot be read as Parquet: {error}") from error
