"""Context of one unit: its store, data, metrics and reporting."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from raysc.datasets.dataset import DataSet
from raysc.datasets.new_rows import new_real_rows
from raysc.datasets.views import CandidateViews
from raysc.execution.crew import SupportsScores
from raysc.execution.measurer import Measurer
from raysc.execution.metric_writer import MetricWriter
from raysc.pool.block_store import BlockStore
from raysc.pool.blocks import Block, MemoryBlock
from raysc.pool.rows import Rows
from raysc.regimes.recipe import REAL, fresh
from raysc.settings import Keep
from raysc.store.objects import Objects
from raysc.store.publishing import Attempt


@dataclass(frozen=True)
class UnitContext:
    """Context of one unit; the same in a Ray trial and in this process.

    Attributes:
        objects: the store.
        generations: T.
        seeds: the unit's pack.
        data: the data set.
        real_block: the initial real rows of the pack.
        measurer: measures generations.
        writer: publishes and reports metrics.
        block_store: attempt -> the block store for rows that are drawn while the attempt is filled.
        provenance: recorded beside results: versions, device, ranks.
        keep: retention rule of the lineage.
        checkpoint_seconds: seconds between two checkpoints within a generation.
        wait_seconds: seconds that the unit waited for its resources.
    """

    objects: Objects
    generations: int
    seeds: tuple[int, ...]
    data: DataSet
    real_block: Block
    measurer: Measurer
    writer: MetricWriter
    block_store: Callable[[Attempt], BlockStore]
    provenance: Mapping[str, Any]
    keep: Keep
    checkpoint_seconds: float
    wait_seconds: float = 0.0

    @property
    def real_rows(self) -> Rows:
        """The initial real rows as a source of the loop."""
        return Rows(REAL, (self.real_block,))

    def select_seeds(self, mask: np.ndarray) -> "UnitContext":
        """Return the context of some of the seeds, ``mask`` bool (seeds,); metrics are still written for all."""
        rows = self.real_rows.select_seeds(mask)
        seeds = tuple(seed for seed, selected in zip(self.seeds, mask, strict=True) if selected)
        measurer = self.measurer.select_seeds(mask, rows.load())
        return replace(self, seeds=seeds, real_block=rows.blocks[0], measurer=measurer)

    def new_rows(self, generation: int, first: int, count: int) -> Rows:
        """Return new real rows for the loop; see ``raysc.loop.NewRows``."""
        rows = new_real_rows(self.data, self.seeds, generation, first, count)
        return Rows(fresh(generation), (MemoryBlock((fresh(generation), self.seeds), 0, rows),))

    def views(self, crew: SupportsScores) -> CandidateViews:
        """Return the views of candidates that choosers may ask for."""
        return CandidateViews(self.data, crew.scores)
