"""Early stopping: which seeds of a unit still run under ``loop.until``, and the last values of those that do not."""

from dataclasses import dataclass, field

import numpy as np

from raysc.execution.measurer import Values, ValuesByMetric
from raysc.execution.unit_context import UnitContext
from raysc.settings import Until


@dataclass
class EarlyStopping:
    """Judges every generation of a pack. A seed runs until ``loop.until`` ends it or its model diverges.

    Without ``loop.until`` no seed stops. A trained pack goes on until all of its seeds have stopped, since its
    generations are published whole; a closed-form pack drops stopped seeds from its arrays (see ``ActivePack``). Either
    way the values of a stopped seed stay as they were.

    Attributes:
        seeds: the unit's pack.
        until: the rule; None: there is none.
        until_metric: key of the metric that the rule judges; "" without a rule.
        ended: seed -> the generation at which the rule ended it.
        running: bool (seeds,).
    """

    seeds: tuple[int, ...]
    until: Until | None
    until_metric: str
    ended: dict[int, int] = field(default_factory=dict)
    running: np.ndarray = field(init=False)
    _last: ValuesByMetric = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.running = np.ones(len(self.seeds), bool)

    @classmethod
    def of(cls, context: UnitContext) -> "EarlyStopping":
        """Start with all seeds of a unit running."""
        until = context.measurer.until
        return cls(context.seeds, until, context.measurer.until_metric if until is not None else "")

    @property
    def over(self) -> bool:
        """True once no seed runs."""
        return not self.running.any()

    def reached(self, values: ValuesByMetric) -> np.ndarray:
        """Return the running seeds whose values of all seeds are at or beyond the rule's level, bool (seeds,)."""
        assert self.until is not None, "the sweep has no loop.until"
        reached: np.ndarray = self.running & self.until.reached(values[self.until_metric][self.until.metric])
        return reached

    def complete(self, values: ValuesByMetric, index: np.ndarray | None = None) -> ValuesByMetric:
        """Complete the values of a generation: stopped seeds repeat the values with which they stopped.

        Args:
            values: per metric, columns of the seeds at ``index``.
            index: positions in the pack; None: all seeds.

        Returns:
            Per metric, columns of all seeds.
        """
        if self.until is None or (index is None and self.running.all()):
            return dict(values)
        return {metric: self._completed(metric, columns, index) for metric, columns in values.items()}

    def _completed(self, metric: str, columns: Values, index: np.ndarray | None) -> Values:
        if index is None:
            if metric not in self._last:
                return dict(columns)
            index = np.arange(len(self.seeds))
        running = self.running[index]
        last, completed = self._last.get(metric, {}), {}
        for name in {**last, **columns}:
            every = last[name].copy() if name in last else np.full(len(self.seeds), np.nan)
            if name in columns:
                every[index[running]] = columns[name][running]
            completed[name] = every
        return completed

    def judge(self, t: int, values: ValuesByMetric, diverged: np.ndarray) -> None:
        """Stop seeds by the values of generation t.

        Args:
            t: the generation.
            values: from ``complete``.
            diverged: bool (seeds,): the model is not finite.
        """
        if self.until is None:
            return
        self._last = dict(values)
        if self.until_metric in values:
            ended = self.reached(values) & ~diverged
            self.ended |= {self.seeds[number]: t for number in np.flatnonzero(ended)}
            self.running = self.running & ~ended
        self.running = self.running & ~diverged
