"""Points of a user, from a CSV, Parquet or npy file."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import PositiveInt

from raysc.datasets.dataset import Kind
from raysc.datasets.local_files import absolute_path
from raysc.datasets.number_files import read_numbers
from raysc.datasets.subsets import check_rows, content_digest, fixed_order, reserved_rows, training_rows
from raysc.errors import InputError


@dataclass(frozen=True)
class PointSplit:
    """Training and held-out points, float64 (rows, dim), and the hash of both."""

    train: np.ndarray
    test: np.ndarray
    digest: str


@dataclass(frozen=True)
class Points:
    """Points of a user, float64 (dim,): the rows of a CSV, Parquet or npy file, each column a coordinate.

    The held-out rows are the first of one fixed random order of the file's rows, which depends on their number alone:
    they are the same for every seed and sweep. Training rows that equal a held-out row are left out. Values are taken
    as they are; a family whose training needs a certain scale must get it in the file.

    Attributes:
        path: a file that ends in .csv, .parquet or .npy, the same on every machine of a cluster. The path is in no key;
            the content is. CSV has commas between columns and their names in its first line, unless that line holds
            numbers only; npy holds an array (rows, coordinates).
        columns: names of the columns of a CSV or Parquet file, in this order; None: all.
        rows: training rows per seed, each seed its own subset; None: all of them, shared by all seeds.
        reserve: further rows of each seed that are set aside, for regimes that take new real rows.
        held_out: share of the rows that is held out, between 0 and 1.

    Raises:
        InputError: held_out is out of its range.
    """

    path: str
    columns: tuple[str, ...] | None = None
    rows: PositiveInt | None = None
    reserve: int = 0
    held_out: float = 0.2

    version: ClassVar[int] = 1
    kind: ClassVar[Kind] = "points"
    labelled: ClassVar[bool] = False
    keeps_copies: ClassVar[bool] = False
    location_parameters: ClassVar[tuple[str, ...]] = ("path",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", absolute_path(self.path))
        if not 0 < self.held_out < 1:
            raise InputError(f"points: held_out must be between 0 and 1, not {self.held_out:g}")

    def __getstate__(self) -> dict[str, Any]:
        """Return the state to pickle: with the digest, without the rows."""
        return {name: value for name, value in self.__dict__.items() if name != "_split"}

    def _numbers(self) -> np.ndarray:
        """Read the file, float64 (rows, dim)."""
        return read_numbers(Path(self.path), self.columns)

    @cached_property
    def _split(self) -> PointSplit:
        split = split_points(self._numbers(), self.held_out, self.path, self.keeps_copies)
        if self.__dict__.get("_digest", split.digest) != split.digest:
            raise InputError(f"{self.path} changed after the sweep was planned; run the same command again")
        return split

    @cached_property
    def _digest(self) -> str:
        return self._split.digest

    @cached_property
    def count(self) -> int:
        return check_rows("points", self.rows, len(self._split.train), self.reserve)

    @cached_property
    def event(self) -> tuple[int, ...]:
        return (self._split.train.shape[1],)

    def fingerprint(self) -> str:
        return self._digest

    def train(self, seeds: Sequence[int]) -> np.ndarray:
        """Return the training rows, (1, n, dim), or (seeds, rows, dim) if ``rows`` is set."""
        return training_rows("points", self._split.train, self.rows, seeds)

    def reserved(self, seeds: Sequence[int], first: int, count: int) -> np.ndarray:
        """Return rows of the reserves, (seeds, count, dim)."""
        return reserved_rows("points", self._split.train, self.rows, seeds, first, count)

    def test(self) -> np.ndarray:
        """Return the held-out rows, (test_rows, dim)."""
        return self._split.test


def split_points(rows: np.ndarray, held_out: float, source: str, keeps_copies: bool = False) -> PointSplit:
    """Split rows (count, dim) into training and held-out rows.

    Args:
        rows: all rows of the file, float64.
        held_out: share of the rows that is held out.
        source: name of the file, for messages.
        keeps_copies: training rows that equal a held-out row are kept; without, they are left out.

    Raises:
        InputError: no training row is left.
    """
    if len(rows) < 2:
        raise InputError(f"{source} has {len(rows)} rows; points need at least one to train on and one to hold out")
    count = min(max(1, round(held_out * len(rows))), len(rows) - 1)
    order = fixed_order("points", len(rows))
    train, test = rows[order[count:]], rows[order[:count]]
    if not keeps_copies:
        row = np.dtype((np.void, rows.shape[1] * rows.itemsize))
        train = train[~np.isin(train.view(row)[:, 0], test.view(row)[:, 0])]
    if not len(train):
        raise InputError(f"{source}: each training row is a copy of a held-out row; none can be used")
    return PointSplit(train, test, content_digest(train, test))
