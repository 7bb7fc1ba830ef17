"""Units as points of a Tune search space, so that Tune's tables show the axes of the sweep."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ray import tune
from ray.tune.experiment import Trial
from ray.tune.search.basic_variant import BasicVariantGenerator
from ray.tune.search.sample import Domain

from raysc.planning.units import InitialUnit, LoopUnit, StoredRows, Unit
from raysc.store.objects import StorageError
from raysc.sweepfile.sweep import Sweep


def point(unit: Unit) -> dict[str, Any]:
    """Return the config of a unit's trial: each axis of the sweep under its dotted name, and the name of the unit.

    All regimes share generation 0, so the axes of the loop are None there.
    """
    axes = {name: _scalar(value) for name, value in unit.cell.settings.axes.items()}
    if isinstance(unit, InitialUnit):
        axes = {name: None if is_loop_axis(name) else value for name, value in axes.items()}
    return {**axes, "unit": unit.name}


def search_space(sweep: Sweep, points: Sequence[Mapping[str, Any]]) -> dict[str, Domain]:
    """Return the space of the points: a domain of the sweep file stays that domain, a list becomes a choice."""
    names = points[0].keys()
    return {name: _domain(sweep, name, [values[name] for values in points]) for name in names}


class UnitGenerator(BasicVariantGenerator):
    """Tune's basic search algorithm over the points of units; a loop starts once its generation 0 is published.

    The store is read when the trial of a generation 0 reports or ends. Loops whose generation 0 is not published by
    then do not start.
    """

    def __init__(self, units: Sequence[Unit], is_published: Callable[[StoredRows], bool]) -> None:
        """Start without trials.

        Args:
            units: in the order in which they start, as far as they can.
            is_published: function that reads from the store if an S_0 is published.
        """
        super().__init__(points_to_evaluate=list(map(point, units)))
        self._is_published = is_published
        self._made = {unit.name: unit.produced_rows for unit in units if isinstance(unit, InitialUnit)}
        self._missing = frozenset[StoredRows]().union(*self._made.values())
        self._needed = {unit.name: unit.initial_rows for unit in units if isinstance(unit, LoopUnit)}
        self._waiting: list[Trial] = []
        self._makers: dict[str, str] = {}  # live trials of generation 0s -> their units

    def next_trial(self) -> Trial | None:
        """Return the first trial that can start and was not returned before; None if none can start now."""
        if (waiting := next(filter(self._can_start, self._waiting), None)) is not None:
            self._waiting.remove(waiting)
            return waiting
        trial: Trial
        for trial in iter(super().next_trial, None):
            unit = trial.config["unit"]
            if unit in self._made:
                self._makers[trial.trial_id] = unit
            if self._can_start(trial):
                return trial
            self._waiting.append(trial)
        return None

    def _can_start(self, trial: Trial) -> bool:
        return not self._needed.get(trial.config["unit"], frozenset()) & self._missing

    def is_finished(self) -> bool:
        """Return True if no trial is left that can start now or later."""
        later = bool(self._waiting and self._makers) or any(map(self._can_start, self._waiting))
        return super().is_finished() and not later

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Read which S_0s of a generation 0 are published."""
        if trial_id in self._makers:
            with suppress(StorageError):  # its next report, or its end, reads again
                missing = self._made[self._makers[trial_id]] & self._missing
                self._missing -= {rows for rows in missing if self._is_published(rows)}

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Read which S_0s are published; loops of the others do not start."""
        super().on_trial_complete(trial_id, result, error)
        self.on_trial_result(trial_id, {})
        self._makers.pop(trial_id, None)

    def save_to_dir(self, dirpath: str, session_str: str = "", **options: Any) -> None:
        """Save nothing: raysc restores no search."""

    def __reduce__(self) -> tuple[type[BasicVariantGenerator], tuple[()]]:
        """Pickle as a search without points: Tune pickles it for a restore, and the store's connections cannot be."""
        return BasicVariantGenerator, ()


def _domain(sweep: Sweep, name: str, values: list[Any]) -> Domain:
    """Return the Tune domain of one axis."""
    space = sweep.resolved.get("space", {})
    declared = [grid[name] for grid in (space if isinstance(space, list) else [space]) if name in grid]
    if len(declared) == 1 and isinstance(declared[0], dict) and any(value is not None for value in values):
        (kind, bounds), *_ = declared[0].items()
        continuous = {"uniform": tune.uniform, "loguniform": tune.loguniform, "randint": tune.randint}
        if kind in continuous:
            domain: Domain = continuous[kind](*bounds)
            return domain
    choice: Domain = tune.choice(list(dict.fromkeys(values)))
    return choice


def _scalar(value: Any) -> Any:
    """Return a value as a scalar: mappings become text, since Tune reads a mapping as a nested space."""
    return json.dumps(value, default=str) if isinstance(value, (dict, list, tuple)) else value


def is_loop_axis(axis: str) -> bool:
    """Return True if an axis does not affect generation 0."""
    return axis.split(".")[0] in ("regime", "lambda", "curation", "loop")
