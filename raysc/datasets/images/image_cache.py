"""Decoded images, cached as memory-mapped arrays in raysc's cache folder."""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from raysc.datasets.local_files import cache_folder
from raysc.errors import InputError

DEEP_MODES = ("I", "F")
"""First letters of Pillow's modes of 16 and 32 bits; its conversion to 8 bits would clip their values at 255."""

EncodedImage = tuple[str, bytes]
"""Name of an image for messages, and the content of its file."""


def load_images(
    files: Sequence[Path], grey: bool, read: Callable[[], Iterable[EncodedImage]], column: str = ""
) -> np.ndarray:
    """Load all images of some files, decoded at the first time on this machine.

    The cache is keyed by path, size and modification time of each file.

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
    digest = blake2b(f"2 {grey} {column}".encode(), digest_size=16)
    for source in files:
        status = source.stat()
        digest.update(f"\n{source.resolve()} {status.st_size} {status.st_mtime_ns}".encode())
    path = cache_folder() / "images" / f"{digest.hexdigest()}.npy"
    if not path.exists():
        rows = decode(read(), grey)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
            np.save(file, rows)
        Path(file.name).replace(path)  # processes that decode at the same time write equal files
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
        rows.append(_pixels(name, data, grey))
        if rows[-1].shape != rows[0].shape:
            sizes = [f"{row.shape[2]}x{row.shape[1]}" for row in (rows[-1], rows[0])]
            raise InputError(f"{name} is {sizes[0]} pixels, the images before it {sizes[1]}; give all of them one size")
    if not rows:
        raise InputError("there are no images")
    return np.stack(rows)


def _pixels(name: str, data: bytes, grey: bool) -> np.ndarray:
    """Decode one image into uint8 (channels, height, width)."""
    try:
        with Image.open(BytesIO(data)) as image:
            if image.mode.startswith(DEEP_MODES):
                raise InputError(f"{name} has more than 8 bits a channel; convert it to 8 bits")
            pixels = np.asarray(image.convert("L" if grey else "RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{name} cannot be decoded as an image: {error}") from error
    return np.atleast_3d(pixels).transpose(2, 0, 1)
