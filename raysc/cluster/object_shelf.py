"""Rows in Ray's object store."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import ray

from raysc.pool.rows import Block
from raysc.pool.shelf import digest
from raysc.pool.tokens import Texts
from raysc.regimes.recipe import Source


@dataclass(frozen=True)
class ObjectBlock:
    """Rows in the object store: every process of a node reads the same memory.

    Attributes:
        ref: reference to the array, (seeds or 1, rows, *event).
        first: index of its first row in its source.
        rows: rows per seed.
        sha256: digest of the values.
        acceptance: as of every block.
    """

    ref: "ray.ObjectRef[np.ndarray]"
    first: int
    rows: int
    sha256: str = ""
    acceptance: float | None = None

    @property
    def key(self) -> Hashable:
        """The object's id."""
        return self.ref.hex()

    def load(self) -> np.ndarray:
        """The rows, without a copy and read-only."""
        return ray.get(self.ref)


@dataclass(frozen=True)
class ObjectShelf:
    """The shelf of pool ``object_store``: each rank puts its rows there by itself."""

    def put(
        self, source: Source, seeds: tuple[int, ...], first: int, rows: np.ndarray, texts: Texts | None = None
    ) -> Block:
        """Put rows; they live as long as somebody holds the block and the rank that put them is alive."""
        acceptance = texts.acceptance if texts else None
        return ObjectBlock(ray.put(rows), first, rows.shape[1], digest(rows), acceptance)
