"""What a user sees while a sweep runs: a live table on a terminal, else a line every half minute."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from pickle import UnpicklingError
from types import TracebackType
from typing import Any

from ray import tune
from ray.tune.experiment import Trial
from rich.console import Console
from rich.live import Live
from rich.table import Table

from raysc.cluster.lost_nodes import NODE_DIED, LostNodes
from raysc.cluster.trial import FAILURE
from raysc.formatting import clock
from raysc.planning.plan import InitialUnit, Plan, Unit
from raysc.store.leases import holders
from raysc.store.objects import Objects, StorageError

EVERY = 30.0
"""Seconds between two lines where there is no terminal."""
UNREADABLE = (EOFError, OSError, UnpicklingError)
"""What Tune raises where its own files are cut off, since the disk was full."""
MOST_ROWS = 40
"""Cells that the live table shows; those at work first."""


class Progress(tune.Callback):
    """Counts generations as trials report them, and shows the counts.

    Used as a context manager around both waves. ``failures`` holds the traceback of each unit that failed, by name; one
    whose node went away is none of them, and runs again.
    """

    def __init__(self, plan: Plan, console: Console, objects: Objects | None = None) -> None:
        """What is to be run, where to show it, and the store, whose leases say what units do within a generation."""
        self.failures: dict[str, str] = {}
        self._plan = plan
        self._console = console
        self._objects = objects
        self._doing: list[str] = []
        self._lost = LostNodes()
        self._asked = 0.0
        self._units: dict[str, Unit] = {unit.name: unit for unit in plan.units}
        self._reached: dict[str, int] = {}
        self._last_words: dict[str, str] = {}
        self._latest: dict[str, Mapping[str, Any]] = {}
        self._ended: Counter[str] = Counter()
        self._began = time.monotonic()
        self._spoke = self._began
        self._first: float | None = None
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None

    def expect(self, plan: Plan) -> None:
        """Units of a later plan count too: what was found damaged is made again."""
        self._units |= {unit.name: unit for unit in plan.units if unit.name not in self._units}

    def say(self, words: str) -> None:
        """Print a line."""
        self._console.print(words, highlight=False)

    def __enter__(self) -> "Progress":
        self._lost.__enter__()
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()
        self._lost.__exit__(kind, error, trace)
        self._say(self._lost.news(0))

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its callbacks for a restore that raysc never asks for: nothing here is worth keeping."""
        return {}

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **info: Any
    ) -> None:
        """A generation was published."""
        name = trial.config["unit"]
        if FAILURE in result:
            self._last_words[name] = result[FAILURE]
            return
        if self._first is None and not isinstance(self._units[name], InitialUnit):
            self._first = time.monotonic()
        self._reached[name] = int(result.get("generation", 0))
        self._latest[name] = result
        self._show()

    def on_step_end(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        """Tune has looked at its trials once more: the clock goes on even if nothing was published."""
        self._say(self._lost.news())
        self._show()

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """A unit is done."""
        self._ended["done"] += 1
        self._show()

    def on_trial_recover(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """A unit's process ended, and another one goes on with it."""
        name = trial.config["unit"]
        words = self._last_words.pop(name, "") or _words_of_tune(trial)
        if NODE_DIED in words:
            self._lost.lost(name, words)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """A unit failed for good; the others go on."""
        name = trial.config["unit"]
        words = self._last_words.pop(name, "") or _words_of_tune(trial)
        if NODE_DIED in words:
            self._lost.lost(name, words)
            return
        self.failures[name] = words
        self._ended["failed"] += 1
        self._show()

    def _say(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._console.print(line, highlight=False)

    def _show(self) -> None:
        now = time.monotonic()
        if now - self._spoke < (0.5 if self._live else EVERY):
            return
        self._spoke = now
        if self._objects is not None and now - self._asked >= EVERY:
            self._asked = now
            with suppress(StorageError):  # a bucket that does not answer ends no sweep for the sake of this line
                held = holders(self._objects)
                self._doing = [one.doing for unit, one in held.items() if unit in self._units and one.doing]
        if self._live:
            self._live.update(self._table(now), refresh=True)
        else:
            self._console.print(self._line(now), highlight=False)

    def _line(self, now: float) -> str:
        """Units and generations done, how long it took and how long it may still take."""
        loops = [unit for unit in self._units.values() if not isinstance(unit, InitialUnit)]
        total = sum(self._plan.sweep.generations + 1 - min(unit.first, self._plan.sweep.generations) for unit in loops)
        made = sum(max(0, self._reached.get(unit.name, unit.first - 1) + 1 - unit.first) for unit in loops)
        spent = now - self._began
        looping = now - self._first if self._first is not None else 0.0
        left = f", about {clock(looping * (total - made) / made)} left" if made and looping > EVERY / 2 else ""
        failed = f", {self._ended['failed']} failed" if self._ended["failed"] else ""
        more = f" (and {len(self._doing) - 1} more)" if len(self._doing) > 1 else ""
        doing = f"; {self._doing[0]}{more}" if self._doing else ""
        units = f"{self._ended['done']}/{len(self._units)} units"
        return f"{units}, {made}/{total} generations{failed}, {clock(spent)}{left}{doing}"

    def _table(self, now: float) -> Table:
        table = Table(title=f"{self._plan.sweep.name}: {self._line(now)}", title_justify="left")
        axes = [name for name in self._plan.lines[0].cell.axes if self._varies(name)]
        for name in axes:
            table.add_column(name)
        table.add_column("generation", justify="right")
        metric = self._plan.metric_column
        table.add_column(metric, justify="right")
        rows: dict[int, list[str]] = defaultdict(list)
        for name, unit in self._units.items():
            if name in self._reached and not isinstance(unit, InitialUnit):
                rows[unit.line.number].append(name)
        for number, names in sorted(rows.items())[-MOST_ROWS:]:
            shown = [self._plan.lines[number].cell.axes[axis] for axis in axes]
            reached = [self._reached[name] for name in names]
            values = [float(self._latest[name][metric]) for name in names if metric in self._latest[name]]
            table.add_row(
                *("" if value is None else str(value) for value in shown),
                f"{min(reached)}/{self._plan.sweep.generations}",
                f"{sum(values) / len(values):.4g}" if values else "",
            )
        return table

    def _varies(self, axis: str) -> bool:
        return len({str(line.cell.axes[axis]) for line in self._plan.lines}) > 1


def _words_of_tune(trial: Trial) -> str:
    """Why a trial failed last whose process could not say it, since it died.

    Tune adds each failure to a file on this machine, and copies that to the storage later.
    """
    try:
        local = Path(trial.error_file) if trial.error_file else None
        told = local.read_text() if local and local.exists() else str(trial.get_error() or "")
        return told.rpartition("Failure # ")[2].strip() or "its process died"
    except UNREADABLE:
        return "its process died, and Ray Tune could not write down why"
