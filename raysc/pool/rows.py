"""Rows and training sets: rows of a source exist once, and mixing them is index arithmetic."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from raysc.regimes.recipe import Source


class Block(Protocol):
    """Some rows of one source, wherever they lie: in memory, in the object store, in a Parquet file.

    A block is a small picklable handle, so that it can be sent to any rank; its rows are read by ``load``.

    Attributes:
        key: tells this block from every other one of the sweep; what a rank's cache goes by.
        first: index of its first row in its source.
        rows: how many rows it has per seed.
        sha256: digest of its values, or "" where none is needed.
    """

    @property
    def key(self) -> Hashable: ...

    @property
    def first(self) -> int: ...

    @property
    def sha256(self) -> str: ...

    @property
    def rows(self) -> int: ...

    def load(self) -> np.ndarray:
        """The rows, (seeds or 1, rows, *event), read-only; 1 where all seeds share them."""
        ...


@dataclass(frozen=True)
class MemoryBlock:
    """Rows held by this process."""

    key: Hashable
    first: int
    array: np.ndarray
    sha256: str = ""

    @property
    def rows(self) -> int:
        """Rows per seed."""
        return int(self.array.shape[1])

    def load(self) -> np.ndarray:
        """The array itself."""
        return self.array


@dataclass(frozen=True)
class Rows:
    """The rows of one source: its blocks, in the order in which they were drawn."""

    source: Source
    blocks: tuple[Block, ...]

    @property
    def count(self) -> int:
        """Rows per seed."""
        return sum(block.rows for block in self.blocks)

    def load(self) -> np.ndarray:
        """All rows, (seeds or 1, count, *event)."""
        arrays = [block.load() for block in self.blocks]
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays, axis=1)


@dataclass(frozen=True)
class Part:
    """Some rows of one source.

    Attributes:
        rows: the source's rows.
        indices: which of them, int64 (seeds, count), or ``None`` for all of them.
    """

    rows: Rows
    indices: np.ndarray | None = None

    @property
    def count(self) -> int:
        """Rows per seed."""
        return self.rows.count if self.indices is None else int(self.indices.shape[1])


@dataclass(frozen=True)
class TrainingSet:
    """The rows that one generation trains on: parts, in the order of the recipe.

    Every seed has the same number of rows in all. A part's own count may differ between seeds only after
    subsampling; then ``positions`` says which rows of the parts put end to end each seed has.

    Attributes:
        parts: never empty.
        positions: int64 (seeds, count), or ``None`` for every row of every part.
    """

    parts: tuple[Part, ...]
    positions: np.ndarray | None = None

    @property
    def count(self) -> int:
        """Rows per seed."""
        if self.positions is not None:
            return int(self.positions.shape[1])
        return sum(part.count for part in self.parts)

    def load(self) -> np.ndarray:
        """The rows themselves, (seeds or 1, count, *event): a copy, for families that need all rows at once."""
        arrays = [_pick(part.rows.load(), part.indices) for part in self.parts]
        seeds = max(array.shape[0] for array in arrays)
        together = np.concatenate([np.broadcast_to(a, (seeds, *a.shape[1:])) for a in arrays], axis=1)
        return _pick(together, self.positions)


def _pick(array: np.ndarray, indices: np.ndarray | None) -> np.ndarray:
    """Rows ``indices`` (seeds, count) of an array (seeds or 1, rows, *event)."""
    if indices is None:
        return array
    seeds = np.arange(indices.shape[0])[:, None] if array.shape[0] > 1 else 0
    picked: np.ndarray = array[seeds, indices]
    return picked
