"""Real images that need no download: the 8x8 handwritten digits that ship inside scikit-learn."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal

import numpy as np
from sklearn.datasets import load_digits

from raysc.datasets.dataset import Labelled
from raysc.errors import InputError
from raysc.rng import stream

TEST_ROWS_PER_CLASS = 36


@dataclass(frozen=True)
class Digits:
    """scikit-learn's digits: 1797 images, of which 360 (36 of each class) are held out for every sweep alike.

    Images are uint8 (1, 8, 8), 0..255: the 17 grey levels 0..16 of the original, times 255/16, rounded.

    Attributes:
        rows: training rows per seed, each seed its own subset of the 1437; the subset of fewer rows is a prefix of
            that of more. ``None``: all of them, shared by all seeds.

    Raises:
        InputError: rows is not within 1..1437.
    """

    rows: int | None = None

    version: ClassVar[int] = 1
    kind: ClassVar[Literal["images", "points"]] = "images"
    labelled: ClassVar[bool] = True

    def __post_init__(self) -> None:
        available = len(_split()[0].rows)
        if self.rows is not None and not 1 <= self.rows <= available:
            raise InputError(f"digits has {available} training rows: rows must be 1 to {available}, not {self.rows}")

    @property
    def count(self) -> int:
        return len(_split()[0].rows) if self.rows is None else self.rows

    @property
    def event(self) -> tuple[int, ...]:
        return (1, 8, 8)

    def fingerprint(self) -> str:
        return ""

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Training rows, uint8 (1, 1437, 1, 8, 8), or (seeds, rows, 1, 8, 8) if ``rows`` is set."""
        every = _split()[0].rows
        if self.rows is None:
            return every[None]
        subsets = [stream(seed, 0, "data", "digits").permutation(len(every))[: self.rows] for seed in seeds]
        return every[np.stack(subsets)]

    def test(self) -> np.ndarray:
        """Held-out rows, uint8 (360, 1, 8, 8)."""
        return _split()[1].rows

    def labelled_train(self) -> Labelled:
        """All 1437 training rows with their digits 0..9."""
        return _split()[0]

    def labelled_test(self) -> Labelled:
        """The 360 held-out rows with their digits 0..9."""
        return _split()[1]


@cache
def _split() -> tuple[Labelled, Labelled]:
    """Training and held-out rows, each in one fixed random order, so that any prefix is a fair sample."""
    digits = load_digits()
    rows = np.rint(digits.images * (255 / 16)).astype(np.uint8)[:, None]
    labels = digits.target.astype(np.int64)
    # Raw Philox words, because NumPy promises to keep those for ever, and not what `permutation` makes of them.
    words = stream(0, 0, "data", "digits", "split").bit_generator.random_raw(len(rows))
    order = np.argsort(words, kind="stable")
    rows, labels = rows[order], labels[order]
    held_out = np.zeros(len(rows), dtype=bool)
    for digit in range(10):
        held_out[np.flatnonzero(labels == digit)[:TEST_ROWS_PER_CLASS]] = True
    train, test = (Labelled(rows[chosen], labels[chosen]) for chosen in (~held_out, held_out))
    for array in (train.rows, train.labels, test.rows, test.labels):
        array.flags.writeable = False
    return train, test
