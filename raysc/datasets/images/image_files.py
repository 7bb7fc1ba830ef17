"""Base of the data sets of a user's image files: split, subsets and fingerprint."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from pydantic import PositiveInt

from raysc.datasets.dataset import Kind
from raysc.datasets.subsets import check_rows, content_digest, fixed_order, training_rows
from raysc.errors import InputError


def split_images(rows: np.ndarray, test_rows: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Split images into training and held-out rows, in one fixed random order, so that any prefix is a random sample.

    Args:
        rows: all images.
        test_rows: number of held-out rows; None: a tenth, at most 10,000.

    Raises:
        InputError: no training row is left.
    """
    count = min(len(rows) // 10, 10_000) if test_rows is None else test_rows
    if count >= len(rows):
        raise InputError(f"test_rows: {count} of {len(rows)} images leave none to train on")
    order = fixed_order("images", len(rows))
    return rows[order[count:]], rows[order[:count]]


@dataclass(frozen=True, kw_only=True)
class ImageFiles(ABC):
    """Images of a user, uint8 (3, height, width), or (1, height, width) if ``grey``, all of one size.

    The held-out images are one fixed random choice. Pixels are taken as stored: transparency is dropped, and the
    orientation tag of a camera is not applied.

    Attributes:
        rows: training rows per seed, each seed its own subset; None: all of them, shared by all seeds.
        test_rows: number of held-out rows; None: a tenth of the images, at most 10,000.
        grey: one channel instead of red, green and blue.
        name: name of the data set, for messages and random streams.
    """

    rows: PositiveInt | None = None
    test_rows: PositiveInt | None = None
    grey: bool = False

    name: ClassVar[str]
    version: ClassVar[int] = 1
    kind: ClassVar[Kind] = "images"
    labelled: ClassVar[bool] = False
    location_parameters: ClassVar[tuple[str, ...]] = ("path",)

    @abstractmethod
    def images(self) -> tuple[np.ndarray, np.ndarray]:
        """Return all training and all held-out rows; repeated calls are cheap."""

    @cached_property
    def count(self) -> int:
        return check_rows(self.name, self.rows, len(self.images()[0]))

    @cached_property
    def event(self) -> tuple[int, ...]:
        return tuple(self.images()[0].shape[1:])

    @cached_property
    def _digest(self) -> str:
        return content_digest(*self.images())

    def fingerprint(self) -> str:
        return self._digest

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Return the training rows, uint8 (1, n, *event), or (seeds, rows, *event) if ``rows`` is set."""
        return training_rows(self.name, self.images()[0], self.rows, seeds)

    def test(self) -> np.ndarray:
        """Return the held-out rows, uint8 (test_rows, *event)."""
        return self.images()[1]
