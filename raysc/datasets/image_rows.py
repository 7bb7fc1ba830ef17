"""Image files as rows: decoded once into uint8, and mapped into memory from raysc's cache folder."""

import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from PIL import Image, UnidentifiedImageError
from pydantic import PositiveInt

from raysc.errors import InputError
from raysc.rng import stream

DEEP = ("I", "F")
"""Pillow's modes of 16 and 32 bits; it would cut their values off at 255."""
Encoded = tuple[str, bytes]
"""What an image is called in messages, and its file."""


def cache_folder() -> Path:
    """What is kept between runs: ``RAYSC_CACHE``, else ``raysc`` below the user's cache folder."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "raysc"
    return Path(os.environ.get("RAYSC_CACHE") or default)


def decoded(files: Sequence[Path], grey: bool, read: Callable[[], Iterable[Encoded]], part: str = "") -> np.ndarray:
    """All images of some files, read-only uint8 (count, channels, height, width), mapped into memory.

    They are decoded if no process of this machine has done so before; files are known by path, size and time.

    Args:
        files: what the images come from, in order.
        grey: one channel instead of red, green and blue.
        read: gives the images in order.
        part: of the files, if it is not all of them: a column's name.

    Raises:
        InputError: a file is no image, or not of the first one's size; or there is none.
    """
    digest = blake2b(f"2 {grey} {part}".encode(), digest_size=16)
    for each in files:
        status = each.stat()
        digest.update(f"\n{each.resolve()} {status.st_size} {status.st_mtime_ns}".encode())
    place = cache_folder() / "images" / f"{digest.hexdigest()}.npy"
    if not place.exists():
        rows = _decode(read(), grey)
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place.parent, suffix=".part", delete=False) as file:
            np.save(file, rows)
        Path(file.name).replace(place)  # whoever comes last replaces what is equal
    kept: np.ndarray = np.load(place, mmap_mode="r", allow_pickle=False)
    return kept


def _decode(images: Iterable[Encoded], grey: bool) -> np.ndarray:
    rows: list[np.ndarray] = []
    for name, data in images:
        try:
            with Image.open(BytesIO(data)) as image:
                if image.mode.startswith(DEEP):
                    raise InputError(f"{name} has more than 8 bits a channel; convert it to 8 bits")
                pixels = np.asarray(image.convert("L" if grey else "RGB"))
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise InputError(f"{name} cannot be decoded as an image: {error}") from error
        rows.append(np.atleast_3d(pixels).transpose(2, 0, 1))
        if rows[-1].shape != rows[0].shape:
            sizes = [f"{row.shape[2]}x{row.shape[1]}" for row in (rows[-1], rows[0])]
            raise InputError(f"{name} is {sizes[0]} pixels, the images before it {sizes[1]}; give all of them one size")
    if not rows:
        raise InputError("there are no images")
    return np.stack(rows)


def content(*arrays: np.ndarray) -> str:
    """A hash of the rows, as 32 hexadecimal digits."""
    digest = blake2b(digest_size=16)
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def split(rows: np.ndarray, test_rows: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Training and held-out rows, in one fixed random order, so that any prefix is a fair sample.

    Args:
        rows: all of them.
        test_rows: how many are held out; None: a tenth, 10,000 at most.

    Raises:
        InputError: no training row would be left.
    """
    count = min(len(rows) // 10, 10_000) if test_rows is None else test_rows
    if count >= len(rows):
        raise InputError(f"test_rows: {count} of {len(rows)} images leave none to train on")
    # Raw Philox words, because NumPy promises to keep those for ever.
    words = stream(0, 0, "data", "images", "split").bit_generator.random_raw(len(rows))
    order = np.argsort(words, kind="stable")
    return rows[order[count:]], rows[order[:count]]


@dataclass(frozen=True, kw_only=True)
class ImageRows(ABC):
    """Images of a user's own, uint8 (3, height, width), or (1, height, width) if ``grey``; all have one size.

    Some are held out, chosen at random once and for all. A data set says which images. Their pixels are taken as they
    are stored: transparency is dropped, and no rotation that a camera noted is applied.

    Attributes:
        rows: training rows per seed, each seed its own subset; None: all of them, shared by all seeds.
        test_rows: held-out rows; None: a tenth of the images, 10,000 at most.
        grey: one channel instead of red, green and blue.
        name: of the data set, for messages and streams.
    """

    rows: PositiveInt | None = None
    test_rows: PositiveInt | None = None
    grey: bool = False

    name: ClassVar[str]
    version: ClassVar[int] = 1
    kind: ClassVar[Literal["images", "points"]] = "images"
    labelled: ClassVar[bool] = False
    located: ClassVar[tuple[str, ...]] = ("path",)

    @abstractmethod
    def images(self) -> tuple[np.ndarray, np.ndarray]:
        """All training and held-out rows; asking again is cheap."""

    @cached_property
    def count(self) -> int:
        return check_rows(self.name, self.rows, len(self.images()[0]))

    @cached_property
    def event(self) -> tuple[int, ...]:
        return tuple(self.images()[0].shape[1:])

    @cached_property
    def _content(self) -> str:
        return content(*self.images())

    def fingerprint(self) -> str:
        return self._content

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Training rows, uint8 (1, n, *event), or (seeds, rows, *event) if ``rows`` is set."""
        return subsets(self.images()[0], self.rows, seeds, self.name)

    def test(self) -> np.ndarray:
        """Held-out rows, uint8 (test_rows, *event)."""
        return self.images()[1]


def subsets(every: np.ndarray, rows: int | None, seeds: Sequence[int], name: str) -> np.ndarray:
    """Training rows: (1, n, *event), shared by all seeds, or (seeds, rows, *event), each seed's own subset."""
    if rows is None:
        return every[None]
    return every[np.stack([stream(seed, 0, "data", name).permutation(len(every))[:rows] for seed in seeds])]


def check_rows(name: str, rows: int | None, available: int) -> int:
    """How many training rows a seed has; InputError if there are not so many."""
    if rows is not None and not 1 <= rows <= available:
        raise InputError(f"{name} has {available} training rows: rows must be 1 to {available}, not {rows}")
    return available if rows is None else rows
