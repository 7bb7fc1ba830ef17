"""Where sampled rows are put. Parquet in the store and Ray's object store have shelves of their own in their rooms."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

import numpy as np

from raysc.pool.rows import Block, MemoryBlock
from raysc.pool.tokens import Texts
from raysc.regimes.recipe import Source


class Shelf(Protocol):
    """A place for rows; small and picklable, so that each rank of a crew puts its own rows there."""

    def put(
        self, source: Source, seeds: tuple[int, ...], first: int, rows: np.ndarray, texts: Texts | None = None
    ) -> Block:
        """Keep rows (seeds, count, *event), the ``first``-th and following ones of their source.

        ``texts``: what rows of text say, for whoever reads the files; not needed to load them again.
        """
        ...


STACK = 1024
"""Rows per seed that small batches are put together to."""


@dataclass
class MemoryShelf:
    """Rows stay in this process: for closed-form families, whose rows are dropped as soon as no recipe takes them.

    Small batches stand side by side in larger arrays: whoever picks rows from a thousand of them then reads from few.
    """

    _stack: np.ndarray | None = field(default=None, init=False, repr=False)
    _filled: int = field(default=0, init=False, repr=False)

    def put(
        self, source: Source, seeds: tuple[int, ...], first: int, rows: np.ndarray, texts: Texts | None = None
    ) -> Block:
        """Keep the array, or a copy in a stack."""
        key: Hashable = (source, seeds, first)
        count, acceptance = rows.shape[1], texts.acceptance if texts else None
        if count > STACK // 4:
            return MemoryBlock(key, first, rows, acceptance=acceptance)
        whole = (len(rows), STACK, *rows.shape[2:])
        stack = self._stack
        if stack is None or (stack.shape, stack.dtype) != (whole, rows.dtype) or self._filled + count > STACK:
            self._stack, self._filled = stack, _ = np.empty(whole, rows.dtype), 0
        start, self._filled = self._filled, self._filled + count
        stack[:, start : self._filled] = rows
        return MemoryBlock(key, first, stack[:, start : self._filled], stack=stack, start=start, acceptance=acceptance)


def digest(rows: np.ndarray) -> str:
    """SHA-256 of the values of some rows, by which rows that were lost and drawn again are checked."""
    return sha256(np.ascontiguousarray(rows).data).hexdigest()
