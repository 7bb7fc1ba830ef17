"""The active part of a closed-form pack: the seeds that are in its arrays."""

from dataclasses import dataclass, field, replace

import numpy as np

from raysc.execution.early_stopping import EarlyStopping
from raysc.execution.measurer import ValuesByMetric
from raysc.execution.ranks import ClosedFormRank
from raysc.execution.unit_context import UnitContext
from raysc.loop import Generation
from raysc.pool.rows import Rows
from raysc.regimes.recipe import Source


@dataclass(frozen=True)
class ActivePack:
    """Seeds of a closed-form unit that are in the arrays: those that run, and some that have stopped.

    A stopped seed stays in the arrays until half of them have stopped. Then the arrays are compacted, so that T
    generations cost what runs.

    Attributes:
        context: of these seeds.
        crew: holds their models.
        stopping: judges all seeds of the unit.
        index: positions of these seeds in the unit's pack.
    """

    context: UnitContext
    crew: ClosedFormRank
    stopping: EarlyStopping
    index: np.ndarray = field(repr=False)

    @classmethod
    def all_seeds(cls, context: UnitContext, crew: ClosedFormRank) -> "ActivePack":
        """Begin with all seeds of a unit."""
        return cls(context, crew, EarlyStopping.of(context), np.arange(len(context.seeds)))

    @property
    def running(self) -> np.ndarray:
        """The seeds in the arrays that run, bool (seeds in the arrays,)."""
        running: np.ndarray = self.stopping.running[self.index]
        return running

    def measure(self, generation: Generation) -> ValuesByMetric:
        """Measure a generation and stop the seeds that it ends.

        Returns:
            Metric key -> columns of all seeds of the unit. Empty if the generation is not measured; the generation in
            which the last seed stops is always measured.
        """
        measurer, stopping = self.context.measurer, self.stopping
        model = (self.crew.family, self.crew.state)
        due = generation.t in measurer.generations
        if stopping.until is None:
            return measurer.measure(generation.rows, measurer.due(generation.t), model)
        metrics = measurer.metrics if due else (stopping.until_metric,)
        values = stopping.complete(measurer.measure(generation.rows, metrics, model), self.index)
        diverged = np.zeros(len(stopping.seeds), bool)
        diverged[self.index] = generation.diverged
        if not due:
            if not (stopping.reached(values) | (stopping.running & diverged)).any():
                return {}
            values = stopping.complete(measurer.measure(generation.rows, measurer.metrics, model), self.index)
        stopping.judge(generation.t, values, diverged)
        return values if due or stopping.over else {}

    def mostly_stopped(self, sources: dict[Source, Rows]) -> bool:
        """Return True if at least half of the arrays has stopped and the rest can go on alone.

        It cannot where a family has merged statistics of all seeds in place of rows (accumulate).
        """
        few = 2 * int(np.count_nonzero(self.running)) <= len(self.index)
        return few and all(rows.readable for rows in sources.values())

    def compact(self, sources: dict[Source, Rows]) -> tuple["ActivePack", dict[Source, Rows]]:
        """Return the pack and the sources of the running seeds."""
        mask = self.running
        pack = replace(
            self, context=self.context.select_seeds(mask), crew=self.crew.select_seeds(mask), index=self.index[mask]
        )
        return pack, {source: rows.select_seeds(mask) for source, rows in sources.items()}
