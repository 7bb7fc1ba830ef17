"""Random access to the rows of a training set, for training steps."""

import numpy as np

from raysc.pool.rows import Part, Rows
from raysc.pool.training_set import TrainingSet

JOINED_BYTES = 2**22
"""Bytes up to which the blocks of a training set are joined in one array, so that a batch is one indexing operation."""


class Gather:
    """The rows of one seed's training set, by position.

    Blocks are loaded once. Two integers per row locate it: its block and its index in the block. Several blocks are
    copied only where they are small.
    """

    def __init__(
        self, training_set: TrainingSet, seed: int = 0, loaded: dict[object, np.ndarray] | None = None
    ) -> None:
        """Load the training set's blocks.

        Args:
            training_set: the parts.
            seed: index of the seed on the leading axis of blocks.
            loaded: arrays of blocks by key, for the seeds of a pack, which share them; new ones are added.
        """
        loaded = {} if loaded is None else loaded
        self._blocks: list[np.ndarray] = []
        numbers: dict[object, int] = {}
        block, row = [], []
        for part in training_set.parts:
            for handle in part.rows.blocks:
                if handle.key not in numbers:
                    numbers[handle.key] = len(self._blocks)
                    array = loaded[handle.key] if handle.key in loaded else handle.load()
                    loaded[handle.key] = array
                    self._blocks.append(array[seed if len(array) > 1 else 0])
            part_block, part_row = _locate(part, seed, numbers)
            block.append(part_block)
            row.append(part_row)
        self._block, self._row = np.concatenate(block), np.concatenate(row)
        if training_set.positions is not None:
            positions = _indices_of_seed(training_set.positions, seed)
            self._block, self._row = self._block[positions], self._row[positions]

        self.event: tuple[int, ...] = self._blocks[0].shape[1:]
        """Shape of one row."""
        self.dtype = np.result_type(*{array.dtype for array in self._blocks})
        """Type of the returned rows."""
        for array in self._blocks:
            if array.shape[1:] != self.event:
                raise ValueError(f"a training set mixes rows of shape {self.event} and {array.shape[1:]}")
        if len(self._blocks) > 1 and sum(array.nbytes for array in self._blocks) <= JOINED_BYTES:
            self._row = self._row + np.cumsum([0, *map(len, self._blocks)])[self._block]
            self._block, self._blocks = np.zeros_like(self._block), [np.concatenate(self._blocks)]

    @property
    def count(self) -> int:
        """Rows in the training set."""
        return len(self._row)

    def __call__(self, positions: np.ndarray) -> np.ndarray:
        """Return a copy of some rows.

        Args:
            positions: integers (k,), 0 <= position < count, in any order, repeats allowed.

        Returns:
            (k, *event); row i is the one at ``positions[i]``.
        """
        if len(self._blocks) == 1:
            rows: np.ndarray = self._blocks[0][self._row[positions]]
            return rows
        block, row = self._block[positions], self._row[positions]
        out = np.empty((len(positions), *self.event), self.dtype)
        by_block = np.argsort(block, kind="stable")
        starts = np.flatnonzero(np.diff(block[by_block], prepend=-1))
        for group in np.split(by_block, starts[1:]):
            if len(group):
                out[group] = self._blocks[block[group[0]]][row[group]]
        return out


def _locate(part: Part | Rows, seed: int, numbers: dict[object, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return for every row of a part the number of its block and its index in the block; two int32 (rows,)."""
    lengths = [block.rows for block in part.rows.blocks]
    block = np.repeat(np.array([numbers[block.key] for block in part.rows.blocks], np.int32), lengths)
    row = np.concatenate([np.arange(length, dtype=np.int32) for length in lengths])
    if part.indices is None:
        return block, row
    indices = _indices_of_seed(part.indices, seed)
    return block[indices], row[indices]


def _indices_of_seed(indices: np.ndarray, seed: int) -> np.ndarray:
    """Return the indices of one seed, from (seeds or 1, count)."""
    selected: np.ndarray = indices[seed if len(indices) > 1 else 0]
    return selected
