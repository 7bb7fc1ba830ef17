"""Images, zip archives of images, and Parquet files of images."""

import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from itertools import count
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from raysc.datasets.images.hf_images import HfImages
from raysc.datasets.images.image_cache import decode
from raysc.datasets.images.image_folder import ImageFolder
from raysc.machine.content_cache import empty_content_caches
from tests.fuzzing.kind import Kind, Sample

SIDE = 12
IMAGE_WORDS = (
    b"IHDR", b"IDAT", b"IEND", b"PLTE", b"tRNS", b"iCCP", b"zTXt", b"acTL", b"fdAT", b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff\xe0", b"\xff\xd9", b"\xff\xda", b"\xff\xc2", b"Exif\0\0", b"II*\0", b"MM\0*", b"RIFF", b"WEBPVP8L",
    b"BM", b"P6\n", b"P1\n", b"GIF89a", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"SIMPLE  =", b"\0\0\0\x0cjP  ", b"8BPS",
)  # fmt: skip
ZIP_WORDS = (
    b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"../x.png", b"/x.png", b"a/b.png", b"\x63\0",
)  # fmt: skip
PARQUET_WORDS = (b"PAR1", b"bytes", b"image", b"ARROW:schema", b"\x15\x00", b"\x15\x02", b"\x19\x2c")

SAVED: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("PNG", "RGB", {}), ("PNG", "L", {}), ("PNG", "P", {}), ("PNG", "RGBA", {}), ("PNG", "1", {}),
    ("JPEG", "RGB", {}), ("JPEG", "L", {"progressive": True}), ("JPEG", "CMYK", {}), ("WEBP", "RGB", {}),
    ("WEBP", "RGBA", {"lossless": True}), ("BMP", "RGB", {}), ("BMP", "P", {}), ("PPM", "RGB", {}),
)  # fmt: skip
"""Format, mode and options of the sample images."""


def images(folder: Path) -> Kind:
    """Single images."""
    files = [image_file(form, mode, options) for form, mode, options in SAVED]
    return Kind("images", [Sample(file, _decode) for file in files], words=IMAGE_WORDS)


def _decode(data: bytes) -> object:
    rows = decode([("image.png", data)], grey=False)
    assert rows.dtype == np.uint8
    assert rows.ndim == 4
    return rows.shape


def zip_archives(folder: Path) -> Kind:
    """Zip archives of images."""
    samples = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        archive = BytesIO()
        with zipfile.ZipFile(archive, "w", method) as members:
            for number in range(4):
                members.writestr(f"images/{number}.png", image_file("PNG", "RGB", {}, number))
            members.writestr("labels.txt", "0 1 2 3")
        samples.append(archive.getvalue())
    read = reader_of_files(folder, ".zip", lambda file: ImageFolder(path=file).images()[0].shape)
    return Kind("zip_archives", [Sample(data, read) for data in samples], words=(*ZIP_WORDS, *IMAGE_WORDS))


def image_parquet(folder: Path) -> Kind:
    """Parquet files of images, in structs and as binary values."""
    files = [image_file("PNG", "RGB", {}, number) for number in range(12)]
    structs = pa.table({"image": [{"bytes": file, "path": "x.png"} for file in files], "label": range(12)})
    samples = [_parquet(structs, "snappy"), _parquet(structs, "none"), _parquet(pa.table({"picture": files}), "zstd")]
    read = reader_of_files(folder, ".parquet", lambda file: HfImages(path=file).images()[0].shape)
    return Kind("image_parquet", [Sample(data, read) for data in samples], words=PARQUET_WORDS)


def _parquet(table: pa.Table, compression: str) -> bytes:
    sink = BytesIO()
    pq.write_table(table, sink, compression=compression)
    return sink.getvalue()


def image_file(form: str, mode: str, options: dict[str, object], seed: int = 0) -> bytes:
    """Return a small image of noise as a file."""
    pixels = np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    sink = BytesIO()
    Image.fromarray(pixels).convert(mode).save(sink, form, **options)
    return sink.getvalue()


def reader_of_files(folder: Path, ending: str, read: Callable[[str], object]) -> Callable[[bytes], object]:
    """Return a reader that writes an input to a file of its own and reads that.

    Args:
        folder: scratch folder; raysc's cache lies in it, too.
        ending: of the names of the files.
        read: the reader of a file's path.
    """
    return partial(_read_file, folder, ending, count(), read)


def _read_file(
    folder: Path,
    ending: str,
    numbers: Iterator[int],
    read: Callable[[str], object],
    data: bytes,
) -> object:
    file = folder / f"{next(numbers)}{ending}"
    file.write_bytes(data)
    with cache_in(folder / "cache"):
        try:
            return read(str(file))
        finally:
            file.unlink()
            empty_content_caches()


@contextmanager
def cache_in(folder: Path) -> Iterator[None]:
    """Keep raysc's cache folder in a folder, and empty it at the end."""
    previous = os.environ.get("RAYSC_CACHE")
    os.environ["RAYSC_CACHE"] = str(folder)
    try:
        yield
    finally:
        os.environ.pop("RAYSC_CACHE")
        if previous is not None:
            os.environ["RAYSC_CACHE"] = previous
        for file in [file for file in folder.rglob("*") if file.is_file()]:
            file.unlink()
