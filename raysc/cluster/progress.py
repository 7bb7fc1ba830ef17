"""Progress of a run, counted from the reports of its trials."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from ray.tune.experiment import Trial

from raysc import registry
from raysc.cluster import ray_compat
from raysc.cluster.failures import Failures
from raysc.cluster.trial import FAILURE
from raysc.cluster.unit_labels import unit_label, varying_axes
from raysc.display import CellProgress, Display, SweepProgress
from raysc.metrics.core.metric import Metric
from raysc.planning.plan import Plan
from raysc.planning.resolved import ResolvedSweep
from raysc.planning.units import InitialUnit, LoopUnit, Unit
from raysc.store.leases import Holder, holders
from raysc.store.objects import Objects, StorageError

ACTIVITY_SECONDS = 30.0
"""Seconds between two reads of the leases, which hold the progress of units within a generation."""

MIN_LOOP_SECONDS = 15.0
"""Seconds of the loop wave after which the remaining time is estimated."""


class ProgressTracker(ray_compat.StatelessCallback):
    """A Tune callback that counts units and generations, and passes the counts to a display."""

    def __init__(self, resolved: ResolvedSweep, objects: Objects, display: Display, failures: Failures) -> None:
        """Start without units.

        Args:
            resolved: the sweep.
            objects: the store, whose leases hold the progress within a generation.
            display: shows the counts.
            failures: the failures so far, which a ``FailureCollector`` adds to.
        """
        self._resolved = resolved
        self._objects = objects
        self._display = display
        self._failures = failures
        metric: Metric = registry.build("metric", resolved.sweep.metrics[0])
        self._metric = metric.columns[0].name
        self._axes = varying_axes(resolved)
        self._units: dict[str, Unit] = {}
        self._generations: dict[str, int] = {}
        self._results: dict[str, Mapping[str, Any]] = {}
        self._units_done = 0
        self._activities: tuple[str, ...] = ()
        self._activities_read = 0.0
        self._started = time.monotonic()
        self._loop_started: float | None = None
        self._updated = self._started

    def expect(self, plan: Plan) -> None:
        """Add the units of a plan to the total; later plans add what was damaged and is made again."""
        self._units |= {unit.name: unit for unit in plan.units if unit.name not in self._units}

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **info: Any
    ) -> None:
        """Count a published generation."""
        if FAILURE in result:
            return
        name = trial.config["unit"]
        if self._loop_started is None and isinstance(self._units[name], LoopUnit):
            self._loop_started = time.monotonic()
        self._generations[name] = int(result.get("generation", 0))
        self._results[name] = result
        self._update_display()

    def on_step_end(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        """Update the display at each step of Tune: the clock runs even if nothing was published."""
        self._update_display()

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Count a unit that has ended."""
        self._units_done += 1
        self._update_display()

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Update the display with the failures so far."""
        self._update_display()

    def _update_display(self) -> None:
        now = time.monotonic()
        if now - self._updated < self._display.update_seconds:
            return
        self._updated = now
        if now - self._activities_read >= ACTIVITY_SECONDS:
            self._activities_read = now
            with suppress(StorageError):  # a bucket that does not answer must not end the sweep
                leases = holders(self._objects)
                self._activities = tuple(
                    self._activity(self._units[unit], holder) for unit, holder in leases.items() if unit in self._units
                )
        self._display.update(self._progress(now))

    def _activity(self, unit: Unit, holder: Holder) -> str:
        """Return what a unit does: ``mix, lambda 0.5, seeds 0-7, after generation 3: training: 1 of 2 steps``."""
        published = f", after generation {holder.generation}" if holder.generation >= 0 else ""
        return f"{unit_label(unit, self._axes)}{published}: {holder.doing or 'running'}"

    def _progress(self, now: float) -> SweepProgress:
        """Return the state at a time, as time.monotonic()."""
        sweep = self._resolved.sweep
        loops = [unit for unit in self._units.values() if isinstance(unit, LoopUnit)]
        total = sum(_generations(unit, unit.cell.generations) for unit in loops)
        done = sum(_generations(unit, self._generations.get(unit.name, 0)) for unit in loops)
        loop_seconds = now - self._loop_started if self._loop_started is not None else 0.0
        can_estimate = done > 0 and loop_seconds > MIN_LOOP_SECONDS
        return SweepProgress(
            sweep=sweep.name,
            units_done=self._units_done,
            units_total=len(self._units),
            units_failed=len(self._failures),
            generations_done=done,
            generations_total=total,
            last_generation=sweep.generations,
            elapsed_seconds=now - self._started,
            remaining_seconds=loop_seconds * (total - done) / done if can_estimate else None,
            activities=self._activities,
            axes=self._axes,
            metric=self._metric,
            cells=self._cells(),
        )

    def _cells(self) -> tuple[CellProgress, ...]:
        """Return the progress of each cell of which a loop unit has reported a generation."""
        by_cell: dict[int, list[str]] = defaultdict(list)
        for name, unit in self._units.items():
            if name in self._generations and not isinstance(unit, InitialUnit):
                by_cell[unit.cell.number].append(name)
        return tuple(self._cell(number, names) for number, names in sorted(by_cell.items()))

    def _cell(self, number: int, units: Sequence[str]) -> CellProgress:
        """Return the progress of one cell from its units."""
        axes = self._resolved.cells[number].settings.axes
        reported = [result for unit in units if self._metric in (result := self._results[unit])]
        metrics = [float(result[self._metric]) for result in reported]
        return CellProgress(
            values=tuple("" if (value := axes[axis]) is None else str(value) for axis in self._axes),
            generation=min(self._generations[unit] for unit in units),
            metric=sum(metrics) / len(metrics) if metrics else None,
        )


def _generations(unit: LoopUnit, last: int) -> int:
    """Return the number of retrainings of a unit up to a generation, those of all its seeds and models.

    The last one counts for a unit that only measures. Of coupled models, model 0 reports the generations.
    """
    first = max(1, min(unit.first, unit.cell.generations))
    return max(0, last + 1 - first) * len(unit.seeds) * len(unit.models)
