"""Blocks: contiguous rows of one source, in memory, in Ray's object store or in a Parquet file."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Block(Protocol):
    """Contiguous rows of one source.

    A block is a small picklable handle that can be sent to any rank. ``load`` reads the rows.

    Attributes:
        key: identifies the block within a sweep; caches use it.
        first: index of its first row in its source.
        rows: number of rows per seed.
        sha256: digest of the values, or "" where none is needed.
        acceptance: share of candidate texts that the rejection rule accepted, 0 to 1; None without a rejection rule.
    """

    @property
    def key(self) -> Hashable: ...

    @property
    def first(self) -> int: ...

    @property
    def sha256(self) -> str: ...

    @property
    def rows(self) -> int: ...

    @property
    def acceptance(self) -> float | None: ...

    def load(self) -> np.ndarray:
        """Return the rows, (seeds or 1, rows, *event), read-only; 1 if all seeds share them."""
        ...


@dataclass(frozen=True)
class MemoryBlock:
    """A block in the memory of this process.

    Attributes:
        array: the rows, (seeds or 1, rows, *event).
        stack: larger contiguous array of which ``array`` is a view, shared with other blocks; None: ``array`` stands
            alone.
        start: index of the block's first row in the stack.
    """

    key: Hashable
    first: int
    array: np.ndarray
    sha256: str = ""
    stack: np.ndarray | None = None
    start: int = 0
    acceptance: float | None = None

    @property
    def rows(self) -> int:
        """Rows per seed."""
        return int(self.array.shape[1])

    def load(self) -> np.ndarray:
        """Return the array itself."""
        return self.array


@dataclass(frozen=True)
class FreedBlock:
    """A block whose array was freed: an incremental family keeps sums of its rows and never reads them again."""

    key: Hashable
    first: int
    rows: int
    sha256: str
    acceptance: float | None = None

    def load(self) -> np.ndarray:
        """Raise RuntimeError: these rows were freed."""
        raise RuntimeError(f"the rows of block {self.key} were freed")


def select_seeds(block: Block, mask: np.ndarray) -> Block:
    """Return the block of some of the seeds, bool (seeds,), in memory; the block itself if all seeds share it."""
    array = block.load()
    return block if len(array) == 1 else MemoryBlock((block.key, mask.tobytes()), block.first, array[mask])
