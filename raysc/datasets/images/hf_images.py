"""Images from Parquet files in the layout of Hugging Face data sets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from raysc.datasets.data_files import FileStamp, check_regular, file_stamps, find_files
from raysc.datasets.images.image_cache import EncodedImage, load_images
from raysc.datasets.images.image_files import ImageFiles, ImageSplit, split_images
from raysc.datasets.local_files import absolute_path
from raysc.datasets.readers import reader_errors
from raysc.errors import InputError
from raysc.machine.content_cache import content_cache

BATCH_ROWS = 64
"""Number of encoded images that are in memory at a time."""


@dataclass(frozen=True)
class HfImages(ImageFiles):
    """The images of a Parquet file or of all Parquet files of a folder, in the order of their names.

    An image is an encoded file, in a column of structs with ``bytes``, the layout of the Hugging Face hub, or of binary
    values. Hidden files are left out. Rows are uint8 (3, height, width), or (1, height, width) if ``grey``; all images
    have one size. The held-out images are one fixed random choice. Splits of the hub are not distinguished: keep a
    split that must stay out in another folder.

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

    def split(self) -> ImageSplit:
        stamps = file_stamps(_parquet_files(Path(self.path).resolve()))
        return _load(stamps, self.column, self.grey, self.test_rows, self.train_on_all)


@content_cache
def _load(
    stamps: Sequence[FileStamp], column: str | None, grey: bool, test_rows: int | None, train_on_all: bool
) -> ImageSplit:
    files = [Path(stamp.path) for stamp in stamps]
    name = _image_column(files[0], column)
    return split_images(load_images(files, grey, lambda: _read_images(files, name), name), test_rows, train_on_all)


def _parquet_files(path: Path) -> list[Path]:
    with reader_errors(path, "a file or folder"):
        if path.is_dir():
            return sorted(find_files(path, (".parquet",)))
        if not path.exists() and not path.is_symlink():
            return []
        check_regular(path)
        return [path]


def _image_column(file: Path, column: str | None) -> str:
    """Return the column with the images: the given one, or the only one that can hold images."""
    with reader_errors(file, "Parquet"):
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
        index = kind.get_field_index("bytes")
        return index >= 0 and _is_binary(kind.field(index).type)
    return _is_binary(kind)


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind))


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
    with reader_errors(file, "Parquet"):
        parquet = pq.ParquetFile(file, page_checksum_verification=True)
        if column not in parquet.schema_arrow.names:
            raise InputError(f"{file} has no column {column!r}, as the files before it have")
        kind = parquet.schema_arrow.field(column).type
        if not _can_hold_images(kind):
            raise InputError(f"{file}: column {column!r} holds {kind}, no images, as it does in the files before it")
        for batch in parquet.iter_batches(batch_size=BATCH_ROWS, columns=[column]):
            yield batch.column(0).to_pylist()
