"""Block stores: they store sampled rows and return blocks. This module has the block store in memory.

``store.parquet_rows`` has the block store for Parquet files, ``cluster.object_blocks`` the one for Ray's object store.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

import numpy as np

from raysc.pool.blocks import Block, MemoryBlock
from raysc.pool.tokens import Texts
from raysc.regimes.recipe import Source


class BlockStore(Protocol):
    """Storage for sampled rows; small and picklable, so that each rank of a crew stores its own rows."""

    def put(
        self, source: Source, seeds: tuple[int, ...], first: int, rows: np.ndarray, texts: Texts | None = None
    ) -> Block:
        """Store rows (seeds, count, *event), the first of which is row ``first`` of its source.

        ``texts``: decoded texts of token rows, for readers of the files; ``Block.load`` does not need them.
        """
        ...


STACK = 1024
"""Rows per seed of the larger array that holds small batches."""


@dataclass
class MemoryBlockStore:
    """Block store in this process, for closed-form families, whose rows are dropped as soon as no recipe takes them.

    Small batches lie side by side in larger arrays, so that a training set of a thousand batches reads few arrays.
    """

    _stack: np.ndarray | None = field(default=None, init=False, repr=False)
    _filled: int = field(default=0, init=False, repr=False)

    def put(
        self, source: Source, seeds: tuple[int, ...], first: int, rows: np.ndarray, texts: Texts | None = None
    ) -> Block:
        """Store the array, or a copy in a stack."""
        key: Hashable = (source, seeds, first)
        count, acceptance = rows.shape[1], texts.acceptance if texts else None
        if count > STACK // 4:
            return MemoryBlock(key, first, rows, acceptance=acceptance)
        shape = (len(rows), STACK, *rows.shape[2:])
        stack = self._stack
        if stack is None or (stack.shape, stack.dtype) != (shape, rows.dtype) or self._filled + count > STACK:
            self._stack, self._filled = stack, _ = np.empty(shape, rows.dtype), 0
        start, self._filled = self._filled, self._filled + count
        stack[:, start : self._filled] = rows
        return MemoryBlock(key, first, stack[:, start : self._filled], stack=stack, start=start, acceptance=acceptance)


def digest(rows: np.ndarray) -> str:
    """Return the SHA-256 of the values of rows; it checks rows that were lost and drawn again."""
    return sha256(np.ascontiguousarray(rows).data).hexdigest()
