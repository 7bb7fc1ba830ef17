"""Replacements for what a simulation cannot run: Ray, threads, and the pictures at the end of a sweep."""

import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np

from raysc import runner
from raysc.cluster import driver, ray_compat, trial
from raysc.cluster.failures import Failures
from raysc.cluster.trial import TrialInputs, WaveInputs
from raysc.cluster.waves import MAX_RETRIES
from raysc.display import Display, SweepProgress
from raysc.execution import generation_checkpoints
from raysc.execution.in_process import context_in_process
from raysc.execution.unit_context import UnitContext
from raysc.planning.plan import Plan
from raysc.planning.units import LoopUnit, Unit
from raysc.pool.block_store import BlockStore, MemoryBlockStore, digest
from raysc.pool.blocks import Block, MemoryBlock
from raysc.pool.tokens import Texts
from raysc.regimes.recipe import Source
from raysc.results import status
from raysc.results.report.figures import thresholds
from raysc.results.table import store_reader
from raysc.results.table.table import load_table
from raysc.runner import Outcome
from raysc.store import gc_listing, host, inventory, storage
from raysc.store.objects import Objects
from raysc.store.parquet_rows import ParquetBlockStore
from raysc.store.publishing import Attempt
from raysc.store.sweep_record import retention_by_key
from tests.simulation.hosts import SimulatedHost
from tests.simulation.processes import ProcessKilled
from tests.simulation.storage import SimulatedStorage
from tests.simulation.world import SCHEME, current_world

TRIAL_STEPS = 2
"""Steps of the first piece of a fit: the sweeps train for three or four steps, and are to have checkpoints."""


class SilentDisplay:
    """A display that keeps what it is told to say."""

    width = 100
    update_seconds = 1e9

    def __init__(self) -> None:
        self.lines: list[str] = []

    def start(self) -> None:
        """Show nothing."""

    def stop(self) -> None:
        """Show nothing."""

    def say(self, text: str) -> None:
        """Keep a line."""
        self.lines.append(text)

    def show(self, table: Any) -> None:
        """Show nothing."""

    def update(self, progress: SweepProgress) -> None:
        """Show nothing."""


class _SerialPool:
    """An executor that runs its calls at once: the threads of a schedule are its tasks."""

    def __init__(self, threads: int) -> None: ...

    def __enter__(self) -> "_SerialPool":
        return self

    def __exit__(self, *error: object) -> None: ...

    def map(self, function: Callable[..., Any], *iterables: Iterable[Any]) -> Iterator[Any]:
        """Return the results of all calls."""
        return iter([function(*arguments) for arguments in zip(*iterables, strict=False)])


class _VolatileBlockStore(MemoryBlockStore):
    """Rows that are lost with the process and known by their digest: what Ray's object store is to a unit."""

    def put(
        self, source: Source, seeds: tuple[int, ...], first: int, rows: np.ndarray, texts: Texts | None = None
    ) -> Block:
        """Return a block of rows in memory."""
        return MemoryBlock((source, seeds, first), first, rows, digest(rows))


def _run(plan: Plan, objects: Objects, address: str | None, display: Display) -> dict[str, str]:
    """Run the units of a plan (``runner._run`` without Ray)."""
    return driver.run_to_the_end(plan.resolved, objects, display)


def _conclude(plan: Plan, objects: Objects, failures: dict[str, str], display: Display) -> Outcome:
    """Load the table (``runner._conclude`` without summary and picture)."""
    return Outcome(plan.resolved, objects, failures, load_table(plan.resolved, objects))


def _run_units(
    units: Sequence[Unit],
    plan: Plan,
    objects: Objects,
    real_data: object,
    failures: Failures,
    callbacks: Sequence[object] = (),
) -> None:
    """Run units one after another, each in a process of its own (``waves.run_units`` without Ray).

    As with Tune, a unit that fails or whose process dies starts again ``MAX_RETRIES`` times, and the others go on.
    """
    lineages = {model.keys.lineage for unit in units for model in unit.cell.models}
    retention = {lineage: keep for lineage, keep in retention_by_key(objects).items() if lineage in lineages}
    wave = WaveInputs(plan.sweep, objects, retention, {})
    for unit in units:
        models = unit.models if isinstance(unit, LoopUnit) and unit.cell.coupled else ()
        inputs = replace(_inputs(unit), models=tuple(map(_inputs, models)))
        for _ in range(1 + MAX_RETRIES):
            failure = _run_trial(inputs, wave)
            if not failure:
                break
        else:
            failures[unit.name] = failure


def _inputs(unit: Unit) -> TrialInputs:
    """Return the inputs of a trial without references to Ray's object store."""
    real: Any = SimpleNamespace(extractors={}, reference_features={})
    no_ref: Any = None
    return TrialInputs(no_ref, unit, {}, real, 0.0)


def _run_trial(inputs: TrialInputs, wave: WaveInputs) -> str:
    """Run a unit in a process of its own; return its traceback, "" if it succeeds."""
    world = current_world()
    driver_process = world.scheduler.process
    try:
        with world.trial(inputs.unit.name):
            trial.run_unit(inputs, wave, lambda columns: None)
    except ProcessKilled:
        if not driver_process.alive:
            raise
        return "ActorDiedError: the process of the trial died"
    except Exception:
        failure = traceback.format_exc()
        world.say(f"the trial failed: {failure.splitlines()[-1]}")
        return failure
    return ""


def _context(
    inputs: TrialInputs, wave: WaveInputs, crew: object, report: trial.Report, wait_seconds: float
) -> UnitContext:
    """Build the context of a unit (``trial._context`` without Ray's object store)."""
    sweep, objects, unit = wave.sweep, wave.objects, inputs.unit

    def block_store(attempt: Attempt) -> BlockStore:
        return ParquetBlockStore(objects, attempt.prefix) if sweep.pool == "parquet" else _VolatileBlockStore()

    context = context_in_process(sweep, objects, unit, block_store)
    writer = replace(context.writer, tune_report=report)
    return replace(context, writer=writer, keep=wave.retention.get(unit.cell.keys.lineage, sweep.keep))


def _versions(text: bool = False) -> Mapping[str, str]:
    return {}


@contextmanager
def simulated() -> Iterator[None]:
    """Replace the host, the storage and Ray inside the context; a world can then be entered."""
    with ExitStack() as stack:
        stack.enter_context(host.use(SimulatedHost()))
        opener = {SCHEME: lambda uri: SimulatedStorage()}
        stack.enter_context(patch.dict(storage.OPENERS, opener))
        replacements: list[tuple[object, str, Any]] = [
            (runner, "_run", _run),
            (runner, "_conclude", _conclude),
            (runner, "_running_ray", lambda plan, objects, address, display: nullcontext()),
            (thresholds, "thresholds_figure", lambda search, searches: None),
            (driver, "run_units", _run_units),
            (ray_compat, "without_node_messages", lambda mark_dead: nullcontext()),
            (trial, "_context", _context),
            (trial, "versions", _versions),
            (trial, "use_resources", lambda resources, trained: None),
            (generation_checkpoints, "TRIAL_STEPS", TRIAL_STEPS),
            *((module, "ThreadPoolExecutor", _SerialPool) for module in (gc_listing, inventory, status, store_reader)),
        ]
        for module, name, replacement in replacements:
            stack.enter_context(patch.object(module, name, replacement))
        yield
