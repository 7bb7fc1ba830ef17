"""Training sets: parts of several sources end to end, mixed by index arithmetic without copying rows."""

from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter

import numpy as np

from raysc.pool.rows import Part, Rows, indices_of_seeds


@dataclass(frozen=True)
class TrainingSet:
    """The rows on which one generation trains: parts, in the order of the recipe.

    Every seed has the same number of rows in total. A part's own count may differ between seeds only after
    subsampling; then ``positions`` has the rows of each seed as positions in the concatenated parts.

    Attributes:
        parts: at least one, or none for a generation that trains on nothing; then only ``count`` may be called.
        positions: int64 (seeds, count), or ``None`` for every row of every part.
    """

    parts: tuple[Part | Rows, ...]
    positions: np.ndarray | None = None

    @cached_property
    def ends(self) -> np.ndarray:
        """End position of each part in the concatenated parts, int64 (parts,)."""
        return np.cumsum(list(map(_count, self.parts)))

    @property
    def count(self) -> int:
        """Rows per seed."""
        if not self.parts:
            return 0
        return int(self.ends[-1] if self.positions is None else self.positions.shape[1])

    @cached_property
    def weights(self) -> np.ndarray | None:
        """Weights of the rows in a fit, float64 (seeds or 1, count); None: every row counts 1."""
        if not any(part.weights is not None for part in self.parts):
            return None
        by_part = [np.ones((1, part.count)) if part.weights is None else part.weights for part in self.parts]
        seeds = max(map(len, by_part))
        weights = np.concatenate([np.broadcast_to(w, (seeds, w.shape[1])) for w in by_part], axis=1)
        return weights if self.positions is None else np.take_along_axis(weights, self.positions, axis=1)

    def select_seeds(self, mask: np.ndarray) -> "TrainingSet":
        """Return the training sets of some of the seeds, bool (seeds,)."""
        positions = None if self.positions is None else indices_of_seeds(self.positions, mask)
        return TrainingSet(tuple(part.select_seeds(mask) for part in self.parts), positions)

    def load(self) -> np.ndarray:
        """Return the rows, (seeds or 1, count, *event), read-only, for families that need all rows at once."""
        if self.positions is not None:
            return _gather(self.parts, self.ends, self.positions)
        arrays = [_take(part.rows.load(), part.indices) for part in self.parts]
        if len(arrays) == 1:
            return arrays[0]
        seeds = max(array.shape[0] for array in arrays)
        return np.concatenate([np.broadcast_to(a, (seeds, *a.shape[1:])) for a in arrays], axis=1)


_count = attrgetter("count")  # faster than a lambda for the thousands of parts of a long accumulation


def _gather(parts: tuple[Part | Rows, ...], ends: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Return the rows at ``positions`` (seeds, count) in the concatenated parts; copies no other rows.

    Rows are sorted by array, so that each array is read once.
    """
    part = np.searchsorted(ends, positions.reshape(-1), side="right")
    used = np.flatnonzero(np.bincount(part)) if part.size else np.zeros(1, np.int64)
    arrays, array_of_part, offsets = _arrays(parts, used)
    # The smallest integer type that fits: NumPy sorts small integers by radix sort.
    array_index = array_of_part[part].astype(np.min_scalar_type(len(arrays)))
    by_array = np.argsort(array_index, kind="stable")
    array_index, part = array_index[by_array], part[by_array]
    seed = by_array // max(1, positions.shape[1])
    row = positions.reshape(-1)[by_array] - (np.concatenate([[0], ends[:-1]]) - offsets)[part]
    starts = np.flatnonzero(np.diff(array_index, prepend=-1)) if len(array_index) else np.zeros(1, int)
    needed = [arrays[k] for k in array_index[starts]] if len(array_index) else arrays[:1]
    loaded = [parts[k].rows.load() if stack is None else stack for k, stack in needed]
    event = loaded[0].shape[2:]
    sorted_rows = np.empty((positions.size, *event), np.result_type(*{array.dtype for array in loaded}))
    for (k, _), array, start, end in zip(needed, loaded, starts, [*starts[1:], positions.size], strict=True):
        span, indices = slice(start, end), parts[k].indices
        rows = row[span] if indices is None else indices[seed[span] if len(indices) > 1 else 0, row[span]]
        if len(array) > 1:
            rows = rows + seed[span] * array.shape[1]
        flat = array.reshape(-1, *event)
        if array.dtype == sorted_rows.dtype:
            # All indices are in range. mode="clip" writes straight into `out`; the default mode buffers.
            flat.take(rows, axis=0, out=sorted_rows[span], mode="clip")
        else:  # float32 real rows beside float64 samples
            sorted_rows[span] = flat.take(rows, axis=0)
    out = np.empty_like(sorted_rows)
    out[by_array] = sorted_rows
    return out.reshape(*positions.shape, *event)


def _arrays(
    parts: tuple[Part | Rows, ...], used: np.ndarray
) -> tuple[list[tuple[int, np.ndarray | None]], np.ndarray, np.ndarray]:
    """Return the arrays that hold the parts ``used``, int64 (used,), ascending.

    Consecutive parts in the same stack share one array.

    Returns:
        arrays: for each array its first part, and its stack or None for a part with an array of its own.
        array_of_part: index of each part's array, int64 (parts,); 0 for unused parts.
        offsets: first row of each part in its stack, int64 (parts,); 0 without a stack.
    """
    arrays: list[tuple[int, np.ndarray | None]] = []
    array_indices, starts = [], []
    previous = None
    for number in used.tolist():
        part = parts[number]
        stack, start = part.rows.stack if part.indices is None else (None, 0)
        if stack is None or stack is not previous:
            arrays.append((number, stack))
        previous = stack
        array_indices.append(len(arrays) - 1)
        starts.append(start)
    array_of_part, offsets = np.zeros(len(parts), np.int64), np.zeros(len(parts), np.int64)
    array_of_part[used], offsets[used] = array_indices, starts
    return arrays, array_of_part, offsets


def _take(array: np.ndarray, indices: np.ndarray | None) -> np.ndarray:
    """Return the rows at ``indices`` (seeds or 1, count) of an array (seeds or 1, rows, *event); None: all rows."""
    if indices is None:
        return array
    seeds = np.arange(array.shape[0])[:, None] if array.shape[0] > 1 else 0
    taken: np.ndarray = array[seeds, indices]
    return taken
