"""Rows and training sets: rows of a source exist once, and mixing them is index arithmetic."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import ClassVar, Protocol

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
    """Rows held by this process.

    Attributes:
        array: the rows, (seeds or 1, rows, *event).
        stack: a contiguous array that they are a part of, beside others; None: ``array`` is an array of its own.
        start: index of the first of them in the stack.
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


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of one source: its blocks, in the order in which they were drawn; as a part, all of them.

    Equal are those that are the same rows, wherever they lie.

    Attributes:
        source: where they come from.
        blocks: they lie in.
        indices: what a part has; none are chosen.
    """

    source: Source
    blocks: tuple[Block, ...]
    indices: ClassVar[None] = None

    @property
    def rows(self) -> "Rows":
        """What a part has: itself."""
        return self

    @cached_property
    def count(self) -> int:
        """Rows per seed."""
        return sum(block.rows for block in self.blocks)

    @cached_property
    def synthetic(self) -> int:
        """Rows per seed that some model made: all or none."""
        return self.count if self.source.kind == "synthetic" else 0

    @cached_property
    def key(self) -> tuple[Hashable, int]:
        """Tells which rows these are, wherever they lie."""
        return tuple(block.key for block in self.blocks), self.count

    @cached_property
    def prefixes(self) -> dict[Hashable, np.ndarray]:
        """Indices of parts that were taken before: a long accumulation takes the same ones at every generation."""
        return {}

    @cached_property
    def stack(self) -> tuple[np.ndarray | None, int]:
        """The array that they are a part of, and where in it, if there is one."""
        (block,) = self.blocks if len(self.blocks) == 1 else (None,)
        return (block.stack, block.start) if isinstance(block, MemoryBlock) else (None, 0)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rows) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def acceptance(self) -> float | None:
        """Share of candidates that a rejection rule accepted, over all blocks; None where there was none."""
        known = [(block.rows, block.acceptance) for block in self.blocks if block.acceptance is not None]
        return sum(rows for rows, _ in known) / sum(rows / share for rows, share in known) if known else None

    def spent(self) -> "Rows":
        """The same rows with nothing behind them: they still count and can be told apart, and cannot be loaded."""
        blocks = tuple(SpentBlock(block.key, block.first, block.rows, block.sha256) for block in self.blocks)
        spent = Rows(self.source, blocks)
        spent.prefixes.update(self.prefixes)  # what was chosen by looking at the rows could not be chosen again
        return spent

    def load(self) -> np.ndarray:
        """All rows, (seeds or 1, count, *event)."""
        arrays = [block.load() for block in self.blocks]
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays, axis=1)

    def between(self, first: int, end: int) -> np.ndarray:
        """Rows ``first`` to ``end``, at least one, (seeds or 1, end - first, *event); no other blocks are loaded."""
        arrays, start = [], 0
        for block in self.blocks:
            if first < start + block.rows and start < end:
                arrays.append(block.load()[:, max(0, first - start) : end - start])
            start += block.rows
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays, axis=1)

    @property
    def there(self) -> bool:
        """Whether none of them was let go."""
        return not any(isinstance(block, SpentBlock) for block in self.blocks)

    def of(self, kept: np.ndarray) -> "Rows":
        """The rows of some of the seeds, bool (seeds,), in memory; what all seeds share stays where it is."""
        return Rows(self.source, tuple(_of_seeds(block, kept) for block in self.blocks))


@dataclass(frozen=True, eq=False)
class Part:
    """Some rows of one source; equal are those that are the same rows.

    Attributes:
        rows: the source's rows.
        indices: which of them, int64 (seeds, count).
        choice: how they were chosen; None: they are a prefix in the source's own order.
    """

    rows: Rows
    indices: np.ndarray
    choice: Hashable = None

    @cached_property
    def count(self) -> int:
        """Rows per seed."""
        return int(self.indices.shape[1])

    @cached_property
    def synthetic(self) -> int:
        """Rows per seed that some model made: all or none."""
        return self.count if self.rows.source.kind == "synthetic" else 0

    @cached_property
    def key(self) -> tuple[Hashable, int, Hashable]:
        """Tells which rows these are."""
        return self.rows.key[0], self.count, self.choice

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Part) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def of(self, kept: np.ndarray) -> "Part":
        """The part of some of the seeds, bool (seeds,)."""
        return Part(self.rows.of(kept), _kept(self.indices, kept), self.choice)


@dataclass(frozen=True)
class TrainingSet:
    """The rows that one generation trains on: parts, in the order of the recipe.

    Every seed has the same number of rows in all. A part's own count may differ between seeds only after
    subsampling; then ``positions`` says which rows of the parts put end to end each seed has.

    Attributes:
        parts: never empty.
        positions: int64 (seeds, count), or ``None`` for every row of every part.
    """

    parts: tuple[Part | Rows, ...]
    positions: np.ndarray | None = None

    @cached_property
    def ends(self) -> np.ndarray:
        """Where each part ends if they are put end to end, int64 (parts,)."""
        return np.cumsum(list(map(_count, self.parts)))

    @property
    def count(self) -> int:
        """Rows per seed."""
        return int(self.ends[-1] if self.positions is None else self.positions.shape[1])

    def of(self, kept: np.ndarray) -> "TrainingSet":
        """The training sets of some of the seeds, bool (seeds,)."""
        positions = None if self.positions is None else _kept(self.positions, kept)
        return TrainingSet(tuple(part.of(kept) for part in self.parts), positions)

    def load(self) -> np.ndarray:
        """The rows themselves, (seeds or 1, count, *event), for families that need all at once; not to be changed."""
        if self.positions is not None:
            return _gather(self.parts, self.ends, self.positions)
        arrays = [_pick(part.rows.load(), part.indices) for part in self.parts]
        if len(arrays) == 1:
            return arrays[0]
        seeds = max(array.shape[0] for array in arrays)
        return np.concatenate([np.broadcast_to(a, (seeds, *a.shape[1:])) for a in arrays], axis=1)


_count = attrgetter("count")  # loops over the parts of long accumulations are quick where no Python runs in them


def _of_seeds(block: Block, kept: np.ndarray) -> Block:
    array = block.load()
    return block if len(array) == 1 else MemoryBlock((block.key, kept.tobytes()), block.first, array[kept])


def _kept(indices: np.ndarray, kept: np.ndarray) -> np.ndarray:
    found: np.ndarray = indices[kept] if len(indices) > 1 else indices
    return found


def _gather(parts: tuple[Part | Rows, ...], ends: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Rows ``positions`` (seeds, count) of the parts put end to end; only these are copied, however long the parts."""
    part = np.searchsorted(ends, positions.reshape(-1), side="right")
    used = np.flatnonzero(np.bincount(part)) if part.size else np.zeros(1, np.int64)
    runs, run_of, shifts = _runs(parts, used)
    # As small an integer as will do, since NumPy sorts small ones by radix.
    run = run_of[part].astype(np.min_scalar_type(len(runs)))
    by_run = np.argsort(run, kind="stable")
    run, part = run[by_run], part[by_run]
    seed = by_run // max(1, positions.shape[1])
    row = positions.reshape(-1)[by_run] - (np.concatenate([[0], ends[:-1]]) - shifts)[part]
    first = np.flatnonzero(np.diff(run, prepend=-1)) if len(run) else np.zeros(1, int)
    taken = [runs[k] for k in run[first]] if len(run) else runs[:1]
    arrays = [parts[k].rows.load() if stack is None else stack for k, stack in taken]
    event = arrays[0].shape[2:]
    ordered = np.empty((positions.size, *event), np.result_type(*{array.dtype for array in arrays}))
    for (k, _), array, start, end in zip(taken, arrays, first, [*first[1:], positions.size], strict=True):
        mine, indices = slice(start, end), parts[k].indices
        rows = row[mine] if indices is None else indices[seed[mine] if len(indices) > 1 else 0, row[mine]]
        if len(array) > 1:
            rows = rows + seed[mine] * array.shape[1]
        # All indices are in range; "clip" writes straight into `out`, which the default does not.
        array.reshape(-1, *event).take(rows, axis=0, out=ordered[mine], mode="clip")
    out = np.empty_like(ordered)
    out[by_run] = ordered
    return out.reshape(*positions.shape, *event)


def _runs(
    parts: tuple[Part | Rows, ...], used: np.ndarray
) -> tuple[list[tuple[int, np.ndarray | None]], np.ndarray, np.ndarray]:
    """Arrays that some of the parts are read from, int64 (used,) in order.

    Returns:
        By run its first part and the stack in which this and the following parts lie, if it is not a part alone; by
        part its run, int64; by part the row of the stack where it begins, int64; 0 for those that are not used.
    """
    runs: list[tuple[int, np.ndarray | None]] = []
    own_runs, own_shifts = [], []
    last = None
    for number in used.tolist():
        part = parts[number]
        stack, start = part.rows.stack if part.indices is None else (None, 0)
        if stack is None or stack is not last:
            runs.append((number, stack))
        last = stack
        own_runs.append(len(runs) - 1)
        own_shifts.append(start)
    run_of, shifts = np.zeros(len(parts), np.int64), np.zeros(len(parts), np.int64)
    run_of[used], shifts[used] = own_runs, own_shifts
    return runs, run_of, shifts


def _pick(array: np.ndarray, indices: np.ndarray | None) -> np.ndarray:
    """Rows ``indices`` (seeds, count) of an array (seeds or 1, rows, *event)."""
    if indices is None:
        return array
    seeds = np.arange(indices.shape[0])[:, None] if array.shape[0] > 1 else 0
    picked: np.ndarray = array[seeds, indices]
    return picked
