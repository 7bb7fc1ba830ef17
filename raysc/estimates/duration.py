"""Duration of the closed-form units of a plan, estimated from short runs of a few of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from heapq import heapify, heapreplace
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np
from threadpoolctl import threadpool_limits

from raysc import registry
from raysc.estimates.cost_features import VaryingSetting, cost_settings, varying_settings
from raysc.execution.in_process import context_in_process, run_unit
from raysc.metrics.core.features import NETWORKS, extractor_name
from raysc.planning.plan import Plan
from raysc.planning.resolved import ResolvedCell
from raysc.planning.units import LoopUnit
from raysc.store.objects import Objects
from raysc.sweepfile.sweep import Sweep

BUDGET = 20.0
"""Seconds after which only the probes for sizes run."""
MIN_PROBE_SEEDS = 2
"""Seeds of the first probe of a unit. A single seed costs up to half of what each of many does: its arrays stay in the
processor's caches."""
SEED_GROWTH, MIN_SLOWDOWN, MIN_SECONDS = 4, 1.5, 0.5
"""A unit is probed again with ``SEED_GROWTH`` times as many seeds until a probe takes at least ``MIN_SLOWDOWN`` times
as long as the first one, and at least ``MIN_SECONDS``."""
START_SECONDS = 0.1
"""Seconds between the starts of two units in Ray (benchmarks/planning.py: about 30 s for 200 tiny units)."""


@dataclass(frozen=True)
class UnitCost:
    """Seconds of one core that a unit takes.

    Attributes:
        shared: seconds that all seeds share.
        per_seed: seconds that each seed adds.
    """

    shared: float
    per_seed: float

    def seconds(self, seeds: int) -> float:
        """Return the seconds for a number of seeds."""
        return self.shared + self.per_seed * seeds


@dataclass(frozen=True)
class DurationEstimate:
    """Estimated duration of the closed-form units of a plan.

    Attributes:
        unit_seconds: seconds of one core for each unit with an estimate, in the order in which they run.
        units_without_estimate: number of closed-form units without an estimate: a trained network measures them.
        probed_units: number of units that were probed.
        probe_seconds: processor time of the probes.
    """

    unit_seconds: tuple[float, ...]
    units_without_estimate: int
    probed_units: int
    probe_seconds: float

    @property
    def core_seconds(self) -> float:
        """Seconds of all units, one after another on one core."""
        return sum(self.unit_seconds)

    def wall_seconds(self, slots: int) -> float:
        """Return the seconds until the last unit ends if ``slots`` units run at once."""
        return parallel_seconds(self.unit_seconds, slots)


def parallel_seconds(unit_seconds: Iterable[float], slots: int) -> float:
    """Return the seconds until the last of some units ends if ``slots`` of them run at once, in their order."""
    free_at = [0.0] * max(1, slots)
    heapify(free_at)
    for number, seconds in enumerate(unit_seconds):
        heapreplace(free_at, max(free_at[0], START_SECONDS * number) + seconds)
    return max(free_at)


def estimate_duration(plan: Plan, budget: float = BUDGET) -> DurationEstimate:
    """Estimate the duration of a plan's closed-form units by probing a few of them in this process, on one core.

    A probe runs a unit with all generations and metrics, but few seeds. How the work of a generation grows with t
    depends on regime, family and metrics, so generations cannot be left out. Seeds are an axis of arrays: each adds the
    same cost.

    Units of one family and regime differ in sizes and other settings. The model of their cost is a product of one
    factor for each setting. The probes are a unit in the middle, and from there each setting at its lowest, middle and
    highest number, or at each category. Between the probes, costs are interpolated. Sizes of the data (rows,
    dimensions) are always probed, since they change the cost most; other settings while the budget lasts. A setting
    that was not probed has the factor 1.

    Processor time is measured, not wall time, so other processes on the machine have little effect. Units that run at
    once share caches and memory and take somewhat longer than estimated.

    Args:
        plan: the units to run.
        budget: seconds.
    """
    start = process_time()
    units = [unit for unit in plan.loop if _can_be_probed(plan.sweep, unit.cell)]
    by_kind: dict[tuple[str, str], list[LoopUnit]] = {}
    for unit in units:
        by_kind.setdefault((unit.cell.settings.model.name, unit.cell.settings.regime.name), []).append(unit)
    groups = [UnitGroup(plan.sweep, group_units) for group_units in by_kind.values()]
    for group in groups:
        group.probe(group.size_probes())
    for group in groups:
        group.probe(index for index in group.setting_probes() if process_time() - start < budget)
    seconds_by_name = {unit.name: seconds for group in groups for unit, seconds in group.seconds()}
    return DurationEstimate(
        unit_seconds=tuple(seconds_by_name[unit.name] for unit in units),
        units_without_estimate=sum(not unit.cell.family.trained for unit in plan.loop) - len(units),
        probed_units=sum(len(group.costs) for group in groups),
        probe_seconds=process_time() - start,
    )


class UnitGroup:
    """The units of one family and regime, and the costs of those that were probed.

    Attributes:
        costs: index of a probed unit -> its cost.
    """

    def __init__(self, sweep: Sweep, units: Sequence[LoopUnit]) -> None:
        self._sweep = sweep
        self._units = units
        self._settings = [cost_settings(unit.cell) for unit in units]
        self._varying = varying_settings(self._settings)
        self.costs: dict[int, UnitCost] = {}

    def size_probes(self) -> Iterator[int]:
        """Yield the index of the middle unit, and of a unit at each knot of the sizes."""
        yield self._middle
        yield from self._knot_units(setting for setting in self._varying if setting.is_size)

    def setting_probes(self) -> Iterator[int]:
        """Yield the index of a unit at each knot of the settings that are no sizes."""
        yield from self._knot_units(setting for setting in self._varying if not setting.is_size)

    def probe(self, indices: Iterable[int]) -> None:
        """Probe the units at some indices that were not probed yet."""
        for index in indices:
            if index not in self.costs:
                self.costs[index] = probe_unit(self._sweep, self._units[index])

    def seconds(self) -> Iterator[tuple[LoopUnit, float]]:
        """Yield each unit with its estimate."""
        features = np.array(
            [[weight for setting in self._varying for weight in setting.features(row)] for row in self._settings]
        )
        features = features.reshape(len(self._units), -1) - features.reshape(len(self._units), -1)[self._middle]
        probed = list(self.costs)
        costs = np.log([[self.costs[index].shared, self.costs[index].per_seed] for index in probed])
        middle = costs[probed.index(self._middle)]
        # In an incomplete grid a unit at a knot of one setting may not be in the middle of the others, so the factors
        # are the least squares solution of all probes, not differences of pairs.
        factors = np.linalg.lstsq(features[probed], costs - middle, rcond=0.05)[0]
        for unit, (shared, per_seed) in zip(self._units, np.exp(middle + features @ factors), strict=True):
            yield unit, UnitCost(shared, per_seed).seconds(len(unit.seeds))

    @cached_property
    def _middle(self) -> int:
        """The index of the unit that is nearest to the middle of all settings."""
        distances = [sum(setting.distance(row, setting.middle) for setting in self._varying) for row in self._settings]
        return int(np.argmin(distances))

    def _knot_units(self, settings: Iterable[VaryingSetting]) -> Iterator[int]:
        """Yield for each knot of some settings the index of the unit that is nearest to the middle in the others."""
        middle = self._settings[self._middle]
        for setting in settings:
            for knot in setting.knots:
                candidates = [index for index, row in enumerate(self._settings) if row.get(setting.name) == knot]
                yield min(
                    candidates,
                    key=lambda index: sum(
                        other.distance(self._settings[index], middle.get(other.name)) for other in self._varying
                    ),
                )


def probe_unit(sweep: Sweep, unit: LoopUnit) -> UnitCost:
    """Measure the cost of a unit: run it with few seeds, then with more until they slow it down."""
    fewest = seeds = min(MIN_PROBE_SEEDS, len(unit.seeds))
    first = seconds = time_in_process(sweep, unit, fewest)
    while seeds < len(unit.seeds) and seconds < max(MIN_SLOWDOWN * first, MIN_SECONDS):
        seeds = min(SEED_GROWTH * seeds, len(unit.seeds))
        seconds = time_in_process(sweep, unit, seeds)
    if seeds == fewest:  # the unit has no more seeds, so the split does not matter
        return UnitCost(seconds / 2, seconds / 2 / seeds)
    # Noise may make one of the two negative: each is at least a twentieth of the whole.
    per_seed = max((seconds - first) / (seeds - fewest), seconds / seeds / 20)
    return UnitCost(max(seconds - seeds * per_seed, seconds / 20), per_seed)


def time_in_process(sweep: Sweep, unit: LoopUnit, seeds: int) -> float:
    """Run a closed-form unit with its first seeds, discard its results, and return the seconds of one core."""
    # New families: a family may keep a state from one run to the next.
    probe = replace(unit, cell=_with_new_families(unit.cell), seeds=unit.seeds[:seeds])
    with TemporaryDirectory() as folder, threadpool_limits(1):
        start = process_time()
        objects = Objects.open(folder)
        run_unit(probe, lambda model: context_in_process(sweep, objects, model))
        return process_time() - start


def _with_new_families(cell: ResolvedCell) -> ResolvedCell:
    """Return a cell whose models have families that have fitted nothing."""
    models = [replace(model, family=registry.family(model.settings.model, model.data)) for model in cell.models]
    return replace(cell, family=models[0].family, coupled=tuple(models) if cell.coupled else ())


def _can_be_probed(sweep: Sweep, cell: ResolvedCell) -> bool:
    """Return True if a cell has a closed form, and no metric needs features of a network."""
    if cell.family.trained:
        return False
    features = (registry.build("metric", metric).features for metric in sweep.metrics)
    return NETWORKS.keys().isdisjoint(extractor_name(name, cell.data.kind) for name in features)
