"""Rows of one source and parts of them. Rows of a source exist once; a part of them is an array of indices."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from raysc.pool.blocks import Block, FreedBlock, MemoryBlock, select_seeds
from raysc.regimes.recipe import Source


@dataclass(frozen=True, eq=False)
class Rows:
    """All rows of one source: its blocks, in the order in which they were drawn.

    ``Rows`` is also the part that takes every row: it has the attributes of ``Part``. Two ``Rows`` are equal if they
    hold the same rows, in memory or elsewhere.

    Attributes:
        source: the source of the rows.
        blocks: the blocks.
        indices: None; see ``Part.indices``.
        weights: None; see ``Part.weights``.
    """

    source: Source
    blocks: tuple[Block, ...]
    indices: ClassVar[None] = None
    weights: ClassVar[None] = None

    @property
    def rows(self) -> "Rows":
        """The rows themselves; see ``Part.rows``."""
        return self

    @cached_property
    def count(self) -> int:
        """Rows per seed."""
        return sum(block.rows for block in self.blocks)

    @cached_property
    def synthetic(self) -> int:
        """Synthetic rows per seed: all or none."""
        return self.count if self.source.kind == "synthetic" else 0

    @cached_property
    def key(self) -> tuple[Hashable, int]:
        """Identity of the rows, in memory or elsewhere."""
        return tuple(block.key for block in self.blocks), self.count

    @cached_property
    def arrays_by_request(self) -> dict[Hashable, np.ndarray]:
        """Cache of the indices and weights of parts: accumulate takes the same parts at every generation."""
        return {}

    @cached_property
    def transformed(self) -> dict[Hashable, "Rows"]:
        """Cache of transformed rows, by the take and the seeds."""
        return {}

    @cached_property
    def stack(self) -> tuple[np.ndarray | None, int]:
        """Stack of the only block and index of its first row in it; (None, 0) if there is no stack."""
        (block,) = self.blocks if len(self.blocks) == 1 else (None,)
        return (block.stack, block.start) if isinstance(block, MemoryBlock) else (None, 0)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rows) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def acceptance(self) -> float | None:
        """Share of candidates that a rejection rule accepted, over all blocks; None without a rejection rule."""
        rates = [(block.rows, block.acceptance) for block in self.blocks if block.acceptance is not None]
        return sum(rows for rows, _ in rates) / sum(rows / rate for rows, rate in rates) if rates else None

    def without_data(self) -> "Rows":
        """Return the same rows with their arrays freed: they keep count and identity, and cannot be loaded."""
        blocks = tuple(FreedBlock(block.key, block.first, block.rows, block.sha256) for block in self.blocks)
        freed = Rows(self.source, blocks)
        # Selections, transforms and weights need the data and cannot be repeated.
        freed.arrays_by_request.update(self.arrays_by_request)
        freed.transformed.update({request: rows.without_data() for request, rows in self.transformed.items()})
        return freed

    @property
    def readable(self) -> bool:
        """True if no block was freed."""
        return not any(isinstance(block, FreedBlock) for block in self.blocks)

    def load(self) -> np.ndarray:
        """Return all rows, (seeds or 1, count, *event)."""
        arrays = [block.load() for block in self.blocks]
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays, axis=1)

    def between(self, first: int, end: int) -> np.ndarray:
        """Return rows ``first`` to ``end``, at least one, (seeds or 1, end - first, *event); loads no other blocks."""
        arrays, start = [], 0
        for block in self.blocks:
            if first < start + block.rows and start < end:
                arrays.append(block.load()[:, max(0, first - start) : end - start])
            start += block.rows
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays, axis=1)

    def select_seeds(self, mask: np.ndarray) -> "Rows":
        """Return the rows of some of the seeds, bool (seeds,), in memory; blocks shared by all seeds stay unchanged."""
        return Rows(self.source, tuple(select_seeds(block, mask) for block in self.blocks))


@dataclass(frozen=True, eq=False)
class Part:
    """Some rows of one source. Two parts are equal if they hold the same rows with the same weights.

    Attributes:
        rows: all rows of the source.
        indices: indices into ``rows``, int64 (seeds or 1, count).
        selection: the rule by which a regime selected or weighted them; None: a prefix in the source's own order.
        weights: weights of the rows in a fit, float64 (seeds or 1, count); None: each counts 1.
    """

    rows: Rows
    indices: np.ndarray
    selection: Hashable = None
    weights: np.ndarray | None = None

    @cached_property
    def count(self) -> int:
        """Rows per seed."""
        return int(self.indices.shape[1])

    @cached_property
    def synthetic(self) -> int:
        """Synthetic rows per seed: all or none."""
        return self.count if self.rows.source.kind == "synthetic" else 0

    @cached_property
    def key(self) -> tuple[Hashable, int, Hashable]:
        """Identity of the rows."""
        return self.rows.key[0], self.count, self.selection

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Part) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def select_seeds(self, mask: np.ndarray) -> "Part":
        """Return the part of some of the seeds, bool (seeds,)."""
        weights = None if self.weights is None else indices_of_seeds(self.weights, mask)
        return Part(self.rows.select_seeds(mask), indices_of_seeds(self.indices, mask), self.selection, weights)


def indices_of_seeds(indices: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the indices or weights (seeds or 1, count) of some of the seeds, bool (seeds,)."""
    selected: np.ndarray = indices[mask] if len(indices) > 1 else indices
    return selected
