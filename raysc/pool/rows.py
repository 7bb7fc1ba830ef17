"""Rows and training sets: rows of a source exist once, and mixing them is index arithmetic."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
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
        acceptance: of text that was drawn with a rejection rule: the share of candidates that it accepted.
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
        """The rows, (seeds or 1, rows, *event), read-only; 1 where all seeds share them."""
        ...


@dataclass(frozen=True)
class MemoryBlock:
    """Rows held by this process."""

    key: Hashable
    first: int
    array: np.ndarray
    sha256: str = ""
    acceptance: float | None = None

    @property
    def rows(self) -> int:
        """Rows per seed."""
        return int(self.array.shape[1])

    def load(self) -> np.ndarray:
        """The array itself."""
        return self.array


@dataclass(frozen=True)
class SpentBlock:
    """A block whose rows were let go: a family that remembers their statistics never reads them again."""

    key: Hashable
    first: int
    rows: int
    sha256: str
    acceptance: float | None = None

    def load(self) -> np.ndarray:
        """Always an error: whoever asks for these rows was told wrongly that nobody would."""
        raise RuntimeError(f"the rows of {self.key} were let go")


@dataclass(frozen=True)
class Rows:
    """The rows of one source: its blocks, in the order in which they were drawn."""

    source: Source
    blocks: tuple[Block, ...]

    @cached_property
    def count(self) -> int:
        """Rows per seed."""
        return sum(block.rows for block in self.blocks)

    @cached_property
    def keys(self) -> tuple[Hashable, ...]:
        """The keys of the blocks."""
        return tuple(block.key for block in self.blocks)

    @property
    def acceptance(self) -> float | None:
        """Share of candidates that a rejection rule accepted, over all blocks; None where there was none."""
        known = [(block.rows, block.acceptance) for block in self.blocks if block.acceptance is not None]
        return sum(rows for rows, _ in known) / sum(rows / share for rows, share in known) if known else None

    def spent(self) -> "Rows":
        """The same rows with nothing behind them: they still count and can be told apart, and cannot be loaded."""
        blocks = tuple(SpentBlock(block.key, block.first, block.rows, block.sha256) for block in self.blocks)
        return Rows(self.source, blocks)

    def load(self) -> np.ndarray:
        """All rows, (seeds or 1, count, *event)."""
        arrays = [block.load() for block in self.blocks]
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays, axis=1)

    @property
    def there(self) -> bool:
        """Whether none of them was let go."""
        return not any(isinstance(block, SpentBlock) for block in self.blocks)

    def of(self, kept: np.ndarray) -> "Rows":
        """The rows of some of the seeds, bool (seeds,), in memory; what all seeds share stays where it is."""
        return Rows(self.source, tuple(_of_seeds(block, kept) for block in self.blocks))


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

    def of(self, kept: np.ndarray) -> "Part":
        """The part of some of the seeds, bool (seeds,)."""
        return Part(self.rows.of(kept), None if self.indices is None else _kept(self.indices, kept))


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

    def of(self, kept: np.ndarray) -> "TrainingSet":
        """The training sets of some of the seeds, bool (seeds,)."""
        positions = None if self.positions is None else _kept(self.positions, kept)
        return TrainingSet(tuple(part.of(kept) for part in self.parts), positions)

    def load(self) -> np.ndarray:
        """The rows themselves, (seeds or 1, count, *event), for families that need all at once; not to be changed."""
        if self.positions is not None:
            return _gather(self.parts, self.positions)
        arrays = [_pick(part.rows.load(), part.indices) for part in self.parts]
        if len(arrays) == 1:
            return arrays[0]
        seeds = max(array.shape[0] for array in arrays)
        return np.concatenate([np.broadcast_to(a, (seeds, *a.shape[1:])) for a in arrays], axis=1)


def _of_seeds(block: Block, kept: np.ndarray) -> Block:
    array = block.load()
    return block if len(array) == 1 else MemoryBlock((block.key, kept.tobytes()), block.first, array[kept])


def _kept(indices: np.ndarray, kept: np.ndarray) -> np.ndarray:
    found: np.ndarray = indices[kept] if len(indices) > 1 else indices
    return found


def _gather(parts: tuple[Part, ...], positions: np.ndarray) -> np.ndarray:
    """Rows ``positions`` (seeds, count) of the parts put end to end; only these are copied, however long the parts."""
    ends = np.cumsum([part.count for part in parts])
    # As small an integer as will do, since NumPy sorts small ones by radix.
    number = np.searchsorted(ends, positions, side="right").astype(np.min_scalar_type(len(parts))).reshape(-1)
    by_part = np.argsort(number, kind="stable")
    seeds, local = by_part // max(1, positions.shape[1]), positions.reshape(-1)[by_part]
    bounds = np.searchsorted(number[by_part], np.arange(len(parts) + 1))
    taken = [k for k in range(len(parts)) if bounds[k] < bounds[k + 1]] or [0]
    arrays = [parts[k].rows.load() for k in taken]
    event = arrays[0].shape[2:]
    out = np.empty((positions.size, *event), np.result_type(*{array.dtype for array in arrays}))
    for k, array in zip(taken, arrays, strict=True):
        mine = slice(bounds[k], bounds[k + 1])
        seed, row = seeds[mine], local[mine] - (ends[k] - parts[k].count)
        indices = parts[k].indices
        if indices is not None:
            row = indices[seed if len(indices) > 1 else 0, row]
        if len(array) > 1:
            row = row + seed * array.shape[1]
        out[by_part[mine]] = array.reshape(-1, *event)[row]
    return out.reshape(*positions.shape, *event)


def _pick(array: np.ndarray, indices: np.ndarray | None) -> np.ndarray:
    """Rows ``indices`` (seeds, count) of an array (seeds or 1, rows, *event)."""
    if indices is None:
        return array
    seeds = np.arange(indices.shape[0])[:, None] if array.shape[0] > 1 else 0
    picked: np.ndarray = array[seeds, indices]
    return picked
