"""Base of the data sets of a user's image files: split, subsets and fingerprint."""

import zlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from pydantic import PositiveInt

from raysc.datasets.dataset import Kind
from raysc.datasets.subsets import check_rows, content_digest, fixed_order, reserved_rows, training_rows
from raysc.errors import InputError


@dataclass(frozen=True)
class ImageSplit:
    """Training and held-out images, uint8 (rows, channels, height, width)."""

    train: np.ndarray
    test: np.ndarray

    @cached_property
    def digest(self) -> str:
        """Hash of both."""
        return content_digest(self.train, self.test)


def split_images(rows: np.ndarray, test_rows: int | None, train_on_all: bool = False) -> ImageSplit:
    """Split images into training and held-out rows, in one fixed random order, so that any prefix is a random sample.

    Training rows that equal a held-out row are left out.

    Args:
        rows: all images.
        test_rows: number of held-out rows; None: a tenth, at most 10,000.
        train_on_all: all rows are training rows, those of the test set and their copies too.

    Raises:
        InputError: no training row is left.
    """
    count = min(len(rows) // 10, 10_000) if test_rows is None else test_rows
    if count >= len(rows):
        raise InputError(f"test_rows: {count} of {len(rows)} images leave none to train on")
    order = fixed_order("images", len(rows))
    train, test = rows[order[count:]], rows[order[:count]]
    if train_on_all:
        return ImageSplit(rows[np.concatenate([order[count:], order[:count]])], test)
    copies = equal_rows(train, test)
    if copies.all():
        raise InputError(f"each of the {len(train)} training images is a copy of a held-out image; none can be used")
    return ImageSplit(train[~copies] if copies.any() else train, test)


def equal_rows(rows: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Return which rows equal one of the references, bool (rows,)."""
    checksums = {_checksum(row) for row in references}
    candidates = [i for i, row in enumerate(rows) if _checksum(row) in checksums]
    contents = {row.tobytes() for row in references} if candidates else set()
    equal = np.zeros(len(rows), dtype=bool)
    for i in candidates:
        equal[i] = rows[i].tobytes() in contents
    return equal


def _checksum(row: np.ndarray) -> int:
    return zlib.crc32(np.ascontiguousarray(row).data)


@dataclass(frozen=True, kw_only=True)
class ImageFiles(ABC):
    """Images of a user, uint8 (3, height, width), or (1, height, width) if ``grey``, all of one size.

    The held-out images are one fixed random choice; copies of them are no training rows. Other copies are rows like all
    images. Pixels are taken as stored: palettes and CMYK become red, green and blue, transparency is dropped, and a
    camera's orientation tag is not applied. Images of more than 8 bits a channel and of several frames are refused.

    Attributes:
        rows: training rows per seed, each seed its own subset; None: all of them, shared by all seeds.
        reserve: further rows of each seed that are set aside, for regimes that take new real rows.
        test_rows: number of held-out rows; None: a tenth of the images, at most 10,000.
        grey: one channel instead of red, green and blue.
        train_on_all: all images are training rows, and the test rows are the last of them, so that no metric says how a
            model does on images that it has not seen. Papers on FFHQ do so.
        name: name of the data set, for messages and random streams.
    """

    rows: PositiveInt | None = None
    reserve: int = 0
    test_rows: PositiveInt | None = None
    grey: bool = False
    train_on_all: bool = False

    name: ClassVar[str]
    version: ClassVar[int] = 1
    kind: ClassVar[Kind] = "images"
    labelled: ClassVar[bool] = False
    location_parameters: ClassVar[tuple[str, ...]] = ("path",)

    @abstractmethod
    def split(self) -> ImageSplit:
        """Read the files; return all training and all held-out rows."""

    def __getstate__(self) -> dict[str, Any]:
        """Return the state to pickle: with the digest, without the images."""
        return {name: value for name, value in self.__dict__.items() if name != "_split"}

    @cached_property
    def _split(self) -> ImageSplit:
        split = self.split()
        if self.__dict__.get("_digest", split.digest) != split.digest:
            raise InputError(f"{self.name}: its files changed after the sweep was planned; run the same command again")
        return split

    def images(self) -> tuple[np.ndarray, np.ndarray]:
        """Return all training and all held-out rows; repeated calls are cheap."""
        return self._split.train, self._split.test

    @cached_property
    def count(self) -> int:
        return check_rows(self.name, self.rows, len(self.images()[0]), self.reserve)

    @cached_property
    def event(self) -> tuple[int, ...]:
        return tuple(self.images()[0].shape[1:])

    @cached_property
    def _digest(self) -> str:
        return self._split.digest

    def fingerprint(self) -> str:
        return self._digest

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Return the training rows, uint8 (1, n, *event), or (seeds, rows, *event) if ``rows`` is set."""
        return training_rows(self.name, self.images()[0], self.rows, seeds)

    def reserved(self, seeds: Sequence[int], first: int, count: int) -> np.ndarray:
        """Return rows of the reserves, uint8 (seeds, count, *event)."""
        return reserved_rows(self.name, self.images()[0], self.rows, seeds, first, count)

    def test(self) -> np.ndarray:
        """Return the held-out rows, uint8 (test_rows, *event)."""
        return self.images()[1]
