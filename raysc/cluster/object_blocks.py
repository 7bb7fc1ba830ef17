"""Blocks of rows in Ray's object store, and the block store that puts them there."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import ray

from raysc.pool.block_store import digest
from raysc.pool.blocks import Block
from raysc.pool.tokens import Texts
from raysc.regimes.recipe import Source


@dataclass(frozen=True)
class ObjectBlock:
    """A block of rows in the object store; all processes of a node share the memory.

    Attributes:
        ref: reference to the array, (seeds or 1, rows, *event).
        first: index of its first row in its source.
        rows: rows per seed.
        sha256: digest of the values.
        acceptance: share of candidate texts that the rejection rule accepted, 0 to 1; None without a rejection rule.
    """

    ref: "ray.ObjectRef[np.ndarray]"
    first: int
    rows: int
    sha256: str = ""
    acceptance: float | None = None

    @property
    def key(self) -> Hashable:
        """Return the id of the object."""
        return self.ref.hex()

    def load(self) -> np.ndarray:
        """Return the rows, without a copy and read-only."""
        return ray.get(self.ref)


@dataclass(frozen=True)
class ObjectBlockStore:
    """The block store of pool ``object_store``; each rank puts its own rows."""

    def put(
        self, source: Source, seeds: tuple[int, ...], first: int, rows: np.ndarray, texts: Texts | None = None
    ) -> Block:
        """Put rows; they exist while a reference to the block is held and the rank that put them is alive."""
        acceptance = texts.acceptance if texts else None
        return ObjectBlock(ray.put(rows), first, rows.shape[1], digest(rows), acceptance)
