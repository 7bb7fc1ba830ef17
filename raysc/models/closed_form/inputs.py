"""Inputs of regressions: samples have the x of the initial real rows, and new labels."""

import numpy as np

from raysc.pool.blocks import MemoryBlock
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.rng import Streams


class RealInputs:
    """The rows of generation 0's source, for their x; seeds that ended early are left out."""

    def __init__(self) -> None:
        self._real: tuple[tuple[int, ...], Rows] | None = None

    def rows(self, training_set: TrainingSet, streams: Streams) -> TrainingSet:
        """Return the real rows of the seeds that are fitted, of which the first training set is made."""
        if streams.generation == 0 or self._real is None:
            self._real = streams.seeds, training_set.parts[0].rows
        pack, rows = self._real
        if pack != streams.seeds and len(array := rows.load()) > 1:
            block = MemoryBlock((rows.key, streams.seeds), 0, array[[pack.index(seed) for seed in streams.seeds]])
            self._real = streams.seeds, Rows(rows.source, (block,))
        return TrainingSet((self._real[1],))


def repeated_inputs(real: np.ndarray, first: int, count: int) -> np.ndarray:
    """Return the x of rows ``first`` to ``first + count`` of an endless sequence: row i has that of real row i mod n.

    Args:
        real: rows (x, y), float64 (seeds or 1, n, dim + 1).
        first: index of the first row.
        count: number of rows.

    Returns:
        float64 (seeds or 1, count, dim).
    """
    x: np.ndarray = np.take(real[..., :-1], np.arange(first, first + count) % real.shape[1], axis=1)
    return x
