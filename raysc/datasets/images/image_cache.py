"""Decoded images, cached as memory-mapped arrays in raysc's cache folder."""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np

from raysc.datasets.data_files import file_stamps
from raysc.datasets.images.pixels import image_pixels
from raysc.datasets.local_files import cache_folder, make_cache_folder
from raysc.datasets.readers import reader_errors
from raysc.errors import InputError
from raysc.machine.paths import is_existing

CACHE_VERSION = 3
"""Part of the name of a cached file; raise it when the rows of the same images change."""

EncodedImage = tuple[str, bytes]
"""Name of an image for messages, and the content of its file."""


def load_images(
    files: Sequence[Path], grey: bool, read: Callable[[], Iterable[EncodedImage]], column: str = ""
) -> np.ndarray:
    """Load all images of some files, decoded at the first time on this machine.

    The cache is keyed by the stamp of each file: path, size, times, and content if it was changed a moment ago.

    Args:
        files: the files that hold the images, in order.
        grey: one channel instead of red, green and blue.
        read: gives the images in order.
        column: name of the column that holds the images; "" for files that are images.

    Returns:
        Read-only uint8 (count, channels, height, width), mapped into memory.

    Raises:
        InputError: a file is no image or its size differs from the first one's, or there are no images.
    """
    digest = blake2b(f"{CACHE_VERSION} {grey} {column}".encode("utf-8", "surrogateescape"), digest_size=16)
    for stamp in file_stamps(files):
        digest.update(repr(tuple(stamp)).encode())
    path = cache_folder() / "images" / f"{digest.hexdigest()}.npy"
    if not is_existing(path):
        make_cache_folder("images")
        rows = decode(read(), grey)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
            np.save(file, rows)
        Path(file.name).replace(path)  # processes that decode at the same time write equal files
    with reader_errors(path, "decoded images; remove it, so that they are decoded again"):
        images: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    return images


def decode(images: Iterable[EncodedImage], grey: bool) -> np.ndarray:
    """Decode images into uint8 (count, channels, height, width).

    Args:
        images: names and contents of image files.
        grey: one channel instead of red, green and blue.

    Raises:
        InputError: an image cannot be decoded, has more than 8 bits a channel or another size than the first, or there
            are none.
    """
    rows: list[np.ndarray] = []
    for name, data in images:
        rows.append(image_pixels(name, data, grey))
        if rows[-1].shape != rows[0].shape:
            sizes = [f"{row.shape[2]}x{row.shape[1]}" for row in (rows[-1], rows[0])]
            raise InputError(f"{name} is {sizes[0]} pixels, the images before it {sizes[1]}; give all of them one size")
    if not rows:
        raise InputError("there are no images")
    return np.stack(rows)
