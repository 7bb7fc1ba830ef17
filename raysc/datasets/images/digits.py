"""8x8 handwritten digits, real images that ship inside scikit-learn and need no download."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from raysc.datasets.dataset import Kind, LabelledRows
from raysc.datasets.subsets import check_rows, fixed_order, reserved_rows, training_rows
from raysc.libraries.sklearn_compat import load_digits

TEST_ROWS_PER_CLASS = 36


@dataclass(frozen=True)
class Digits:
    """scikit-learn's digits, 1797 images; the same 360 (36 of each class) are held out for every sweep.

    Images are uint8 (1, 8, 8), 0..255: the 17 grey levels 0..16 of the original, times 255/16, rounded.

    Attributes:
        rows: training rows per seed, each seed its own subset of the 1437; fewer rows are a prefix of more. ``None``:
            all of them, shared by all seeds.
        reserve: further rows of each seed that are set aside, for regimes that take new real rows.

    Raises:
        InputError: rows is not within 1..1437, or leaves no reserve.
    """

    rows: int | None = None
    reserve: int = 0

    version: ClassVar[int] = 1
    kind: ClassVar[Kind] = "images"
    labelled: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_rows("digits", self.rows, len(_split()[0].rows), self.reserve)

    @property
    def count(self) -> int:
        return check_rows("digits", self.rows, len(_split()[0].rows))

    @property
    def event(self) -> tuple[int, ...]:
        return (1, 8, 8)

    def fingerprint(self) -> str:
        return ""

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Return the training rows, uint8 (1, 1437, 1, 8, 8), or (seeds, rows, 1, 8, 8) if ``rows`` is set."""
        return training_rows("digits", _split()[0].rows, self.rows, seeds)

    def reserved(self, seeds: Sequence[int], first: int, count: int) -> np.ndarray:
        """Return rows of the reserves, uint8 (seeds, count, 1, 8, 8)."""
        return reserved_rows("digits", _split()[0].rows, self.rows, seeds, first, count)

    def test(self) -> np.ndarray:
        """Return the held-out rows, uint8 (360, 1, 8, 8)."""
        return _split()[1].rows

    def labelled_train(self) -> LabelledRows:
        """Return all 1437 training rows with their digits 0..9."""
        return _split()[0]

    def labelled_test(self) -> LabelledRows:
        """Return the 360 held-out rows with their digits 0..9."""
        return _split()[1]


@cache
def _split() -> tuple[LabelledRows, LabelledRows]:
    """Return training and held-out rows, each in one fixed random order, so that any prefix is a random sample."""
    levels, labels = load_digits()
    rows = np.rint(levels * (255 / 16)).astype(np.uint8)[:, None]
    order = fixed_order("digits", len(rows))
    rows, labels = rows[order], labels[order]
    held_out = np.zeros(len(rows), dtype=bool)
    for digit in range(10):
        held_out[np.flatnonzero(labels == digit)[:TEST_ROWS_PER_CLASS]] = True
    train, test = (LabelledRows(rows[mask], labels[mask]) for mask in (~held_out, held_out))
    for array in (train.rows, train.labels, test.rows, test.labels):
        array.flags.writeable = False
    return train, test
