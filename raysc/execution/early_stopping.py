"""``loop.until``: which seeds of a unit still run, and the last values of those that do not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from raysc.execution.ranks import ClosedFormRank
from raysc.execution.unit_context import Bench, Values
from raysc.loop import Generation
from raysc.pool.rows import Rows
from raysc.regimes.recipe import Source


@dataclass
class Ends:
    """Judges every generation of a pack of a trained family; without ``loop.until`` it stops nobody.

    Generations are published whole, for sweeps with and without the rule. So a pack runs until all of its seeds have
    ended or diverged, and only the values of those that ended before stay as they were.

    Attributes:
        bench: of the unit.
        at: seed -> the generation at which the rule ended it.
    """

    bench: Bench
    at: dict[int, int] = field(default_factory=dict)
    _gone: set[int] = field(default_factory=set)
    _last: dict[str, Values] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """No seed runs any more, and the rule has ended one of them."""
        return bool(self.at) and {*self.at, *self._gone} >= set(self.bench.seeds)

    def keep(self, values: Mapping[str, Values]) -> dict[str, Values]:
        """Values of a generation with those of seeds that ended before it as they were at their end."""
        ended = np.array([seed in self.at for seed in self.bench.seeds])
        return {
            metric: {name: np.where(ended, self._last[metric][name], column) for name, column in columns.items()}
            if ended.any() and metric in self._last
            else dict(columns)
            for metric, columns in values.items()
        }

    def judge(self, t: int, values: Mapping[str, Values], diverged: Iterable[int]) -> None:
        """End seeds by the values of generation t, from ``keep``; those whose model ``diverged`` stop too."""
        if (until := self.bench.until) is None:
            return
        self._last = dict(values)
        self._gone |= set(diverged) - self.at.keys()
        if self.bench.judging in values:
            reached = until.reached(values[self.bench.judging][until.metric])
            for seed in np.array(self.bench.seeds)[reached].tolist():
                if seed not in self._gone:
                    self.at.setdefault(seed, t)


@dataclass
class Stopping:
    """Judges every generation of a pack of a closed-form family; without ``loop.until`` it measures, and stops nobody.

    A seed runs until the rule ends it or its model diverges. It stays in the arrays, with no say, until half of those
    that are there have stopped: then the others go on without them, so that T generations cost what runs.

    Attributes:
        bench: of the whole unit.
        arrays: which of the unit's seeds are in the arrays, indices into its pack.
        running: which of these still run, bool.
        ended: seed -> the generation at which the rule ended it.
    """

    bench: Bench
    arrays: np.ndarray = field(init=False)
    running: np.ndarray = field(init=False)
    ended: dict[int, int] = field(default_factory=dict)
    _last: dict[str, Values] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.arrays = np.arange(len(self.bench.seeds))
        self.running = np.ones(len(self.arrays), bool)

    @property
    def over(self) -> bool:
        """No seed runs any more."""
        return not self.running.any()

    def measure(self, generation: Generation, here: Bench, model: tuple[Any, Any]) -> dict[str, Values]:
        """Measure a generation, and stop the seeds that it ends.

        Args:
            generation: of the seeds in the arrays.
            here: the bench of those.
            model: (family, state).

        Returns:
            Metric -> columns, of all seeds of the unit: those that had stopped keep the values they stopped with. Empty
            if the generation is not measured; the one in which the last seed stops always is.
        """
        due, until = generation.t in self.bench.measured, self.bench.until
        if until is None:
            return here.measure(generation.rows, self.bench.metrics if due else (), model)
        rule = self.bench.judging
        found = here.measure(generation.rows, self.bench.metrics if due else (rule,), model)
        reached = self.running & until.reached(found[rule][until.metric])
        stops = reached | (self.running & generation.diverged)
        if not due:
            if not stops.any():
                return {}
            found = here.measure(generation.rows, self.bench.metrics, model)
        self._last = {metric: self._with_stopped(metric, columns) for metric, columns in found.items()}
        self.running = self.running & ~stops
        self.ended |= {here.seeds[index]: generation.t for index in np.flatnonzero(reached)}
        return self._last if due or self.over else {}

    def _with_stopped(self, metric: str, columns: Values) -> Values:
        """The columns of all seeds of the unit, from those in the arrays and from the last ones of the others."""
        before, told = self._last.get(metric, {}), {}
        for name in {**before, **columns}:
            all_seeds = before[name].copy() if name in before else np.full(len(self.bench.seeds), np.nan)
            if name in columns:
                all_seeds[self.arrays[self.running]] = columns[name][self.running]
            told[name] = all_seeds
        return told

    def wasteful(self, sources: dict[Source, Rows]) -> bool:
        """Whether half of the arrays has stopped, and the rest can go on alone.

        Where a family remembers sums of all seeds in the place of rows (accumulate) it cannot.
        """
        most = 2 * np.count_nonzero(self.running) > len(self.running)
        return not most and all(rows.there for rows in sources.values())

    def shrink(
        self, here: Bench, crew: ClosedFormRank, sources: dict[Source, Rows]
    ) -> tuple[Bench, ClosedFormRank, dict[Source, Rows]]:
        """What goes on with the seeds that run."""
        kept = self.running
        self.arrays, self.running = self.arrays[kept], np.ones(np.count_nonzero(kept), bool)
        return here.of(kept), crew.of(kept), {source: rows.of(kept) for source, rows in sources.items()}
