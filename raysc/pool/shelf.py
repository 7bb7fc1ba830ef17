"""Where sampled rows are put. Parquet in the store and Ray's object store have shelves of their own in their rooms."""

from collections.abc import Hashable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class MemoryShelf:
    """Rows stay in this process: for closed-form families, whose rows are dropped as soon as no recipe takes them."""

    def put(
        self, source: Source, seeds: tuple[int, ...], first: int, rows: np.ndarray, texts: Texts | None = None
    ) -> Block:
        """Keep the array itself."""
        key: Hashable = (source, seeds, first)
        return MemoryBlock(key, first, rows, acceptance=texts.acceptance if texts else None)


def digest(rows: np.ndarray) -> str:
    """SHA-256 of the values of some rows, by which rows that were lost and drawn again are checked."""
    return sha256(np.ascontiguousarray(rows).data).hexdigest()
