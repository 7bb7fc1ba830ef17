"""Duration of the trained units of a plan, estimated from a few timed optimiser steps and one block of samples."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from time import perf_counter
from typing import cast

from threadpoolctl import threadpool_limits

from raysc.estimates.duration import BUDGET, parallel_seconds
from raysc.execution.ranks import guided_state
from raysc.models.family import TrainedFamily
from raysc.planning.plan import Plan
from raysc.planning.units import InitialUnit, LoopUnit, Unit
from raysc.pool.blocks import MemoryBlock
from raysc.pool.mixing import mix
from raysc.pool.rows import Rows
from raysc.regimes.recipe import REAL
from raysc.rng import Streams
from raysc.settings import Resources, Sample, Train
from raysc.store.keys import key_of

MIN_SECONDS, STEP_GROWTH, MAX_STEPS = 0.4, 4, 128
"""Steps are timed with ``STEP_GROWTH`` times as many until they take ``MIN_SECONDS``, or there are ``MAX_STEPS``."""


@dataclass(frozen=True)
class TrainedCost:
    """Seconds of one generation of a trained unit, on the resources of a trial.

    Attributes:
        fit: seconds of a fit apart from its steps.
        step: seconds of an optimiser step.
        block: seconds of a block of sampled rows.
    """

    fit: float
    step: float
    block: float

    def seconds(self, steps: int, blocks: int) -> float:
        """Return the seconds of a generation."""
        return (self.fit + self.step * steps if steps else 0.0) + self.block * blocks


@dataclass(frozen=True)
class TrainedEstimate:
    """Estimated duration of the trained units of a plan: training and sampling, without measuring.

    Attributes:
        initial_seconds: seconds of each unit of generation 0 on the resources of a trial.
        loop_seconds: seconds of each loop unit.
        units_without_estimate: number of other trained units.
        probed_settings: number of settings that were timed.
        probe_seconds: duration of the probes.
    """

    initial_seconds: tuple[float, ...] = ()
    loop_seconds: tuple[float, ...] = ()
    units_without_estimate: int = 0
    probed_settings: int = 0
    probe_seconds: float = 0.0

    @property
    def units(self) -> int:
        """Number of units with an estimate."""
        return len(self.initial_seconds) + len(self.loop_seconds)

    @property
    def trial_seconds(self) -> float:
        """Seconds of all units, one after another."""
        return sum(self.initial_seconds) + sum(self.loop_seconds)

    def wall_seconds(self, slots: int) -> float:
        """Return the seconds until the last unit ends with ``slots`` units at once, and loops after generation 0s."""
        return parallel_seconds(self.initial_seconds, slots) + parallel_seconds(self.loop_seconds, slots)


def estimate_trained(plan: Plan, budget: float = BUDGET) -> TrainedEstimate:
    """Estimate the duration of a plan's trained units by timing some steps of each of their settings in this process.

    A step costs the same in every generation and under every regime, so settings are timed once for all of them.
    Units have no estimate if their trials have several workers, if they have GPUs and this machine has none, or once
    the budget is spent.

    Args:
        plan: the units to run.
        budget: seconds after which no further settings are timed.
    """
    units: list[Unit] = [*plan.initial, *(unit for unit in plan.loop if unit.cell.family.trained)]
    resources = plan.sweep.resources
    if not units or resources.workers > 1 or not _has_devices(resources):
        return TrainedEstimate(units_without_estimate=len(units))
    start, costs = perf_counter(), dict[str, TrainedCost]()
    seconds: dict[str, float] = {}
    with _threads(resources.cpus):
        for unit in units:
            models: Sequence[Unit] = unit.models if isinstance(unit, LoopUnit) else (unit,)
            keys = [_settings_key(model) for model in models]
            for key, model in zip(keys, models, strict=True):
                if key not in costs and perf_counter() - start < budget:
                    costs[key] = probe(model)
            if costs.keys() >= set(keys):
                of_models = zip(keys, models, strict=True)
                seconds[unit.name] = sum(unit_seconds(model, plan, costs[key]) for key, model in of_models)
    return TrainedEstimate(
        tuple(seconds[unit.name] for unit in plan.initial if unit.name in seconds),
        tuple(seconds[unit.name] for unit in plan.loop if unit.name in seconds),
        len(units) - len(seconds),
        len(costs),
        perf_counter() - start,
    )


def unit_seconds(unit: Unit, plan: Plan, cost: TrainedCost) -> float:
    """Return the seconds of a unit on the resources of a trial."""
    rules, block = unit.cell.rules, cast(TrainedFamily, unit.cell.family).block
    blocks = ceil(rules.sample_rows / block)
    if isinstance(unit, InitialUnit):
        draws = sum(len(snapshot.rows) for snapshot in unit.snapshots)
        return cost.seconds(unit.snapshots[-1].steps, blocks * draws)
    generations = range(unit.first, unit.cell.generations + 1)
    return sum(cost.seconds(rules.steps(t, rules.recipe(t).rows), blocks) for t in generations)


def probe(unit: Unit) -> TrainedCost:
    """Time the steps of a fit to real rows, and a block of samples, for the seeds of a unit."""
    cell, seeds = unit.cell, unit.seeds
    family, rules = cast(TrainedFamily, cell.family), cell.rules
    train, sample = _settings(unit)
    real = Rows(REAL, (MemoryBlock((REAL, seeds), 0, cell.data.train(seeds)),))
    training_set = mix(rules.recipe(0), {REAL: real}, seeds, 0, rules.sample_rows)
    streams = Streams(seeds, 0)
    start = family.initial(cell.data.event, streams)

    def fit(steps: int) -> float:
        return _seconds(lambda: family.fit(training_set, start, range(steps), train, streams))

    fit(1)  # the first call compiles and fills caches
    first, steps = fit(1), STEP_GROWTH
    while (more := fit(steps)) < MIN_SECONDS and steps < MAX_STEPS:
        steps *= STEP_GROWTH
    step = max((more - first) / (steps - 1), more / steps / 20)
    state = guided_state(family, start, start, sample)  # a guide of outputs evaluates two networks
    family.sample(state, 0, 1, sample, streams)
    block = _seconds(lambda: family.sample(state, 0, min(family.block, rules.sample_rows), sample, streams))
    return TrainedCost(max(0.0, first - step), step, block)


def _settings(unit: Unit) -> tuple[Train, Sample]:
    """Return the settings of a unit's training and sampling."""
    settings = unit.cell.settings
    if isinstance(unit, LoopUnit):
        return settings.loop_train, settings.loop_sample
    return settings.train, settings.sample


def _settings_key(unit: Unit) -> str:
    """Return a key of the settings on which the cost of a step or a block depends."""
    settings, (train, sample) = unit.cell.settings, _settings(unit)
    parts = {
        "data": settings.data.model_dump(),
        "model": settings.model.model_dump(),
        "train": train.model_dump(),
        "sample": sample.model_dump(),
        "seeds": len(unit.seeds),
    }
    return key_of(parts)


def _has_devices(resources: Resources) -> bool:
    """Return True if this machine has the kind of device that a trial asks for."""
    if not resources.gpus:
        return True
    import torch

    return torch.cuda.is_available()


@contextmanager
def _threads(cpus: float) -> Iterator[None]:
    """Use the threads of a trial in this process."""
    import torch

    before, threads = torch.get_num_threads(), max(1, int(cpus))
    torch.set_num_threads(threads)
    try:
        with threadpool_limits(threads):
            yield
    finally:
        torch.set_num_threads(before)


def _seconds(run: Callable[[], object]) -> float:
    """Return the wall time of a call."""
    start = perf_counter()
    run()
    return perf_counter() - start
