"""How long the closed-form units of a plan take, from trying a few of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from heapq import heapify, heapreplace
from tempfile import TemporaryDirectory
from time import process_time
from typing import cast

import numpy as np
from threadpoolctl import threadpool_limits

from raysc import registry
from raysc.estimates.cost_features import Axis, axes_of, settings
from raysc.execution import closed_form
from raysc.execution.in_process import bench_alone
from raysc.execution.ranks import ClosedFormRank
from raysc.metrics.core.features import NETWORKS, extractor_name
from raysc.models.family import ClosedForm
from raysc.planning.plan import LoopUnit, Plan
from raysc.planning.resolved import Line
from raysc.store.objects import Objects
from raysc.sweepfile.sweep import Sweep

BUDGET = 20.0
"""Seconds after which nothing more is tried than what sizes need."""
FEWEST = 2
"""Seeds of a try at first: one alone costs up to half of what each of many does, as its arrays lie in caches."""
LADDER, SHOWS, LONG = 4, 1.5, 0.5
"""Seeds are multiplied by the first until they show in a try: until it takes so many times as long as the first one,
and so many seconds."""
START = 0.1
"""Seconds that Ray takes for each unit, one after another (benchmarks/planning.py: 200 tiny ones, some 30 s)."""


@dataclass(frozen=True)
class Effort:
    """Seconds of one core that a unit takes: what all seeds share, and what each of them adds."""

    shared: float
    per_seed: float

    def of(self, seeds: int) -> float:
        """Those of a pack."""
        return self.shared + self.per_seed * seeds


@dataclass(frozen=True)
class Duration:
    """What the closed-form units of a plan take.

    Attributes:
        units: seconds of one core, for each unit that is estimated, in the order in which they run.
        left_out: units without an estimate: those that are trained, or need something that is.
        tried: units that were tried.
        tried_seconds: what that took.
    """

    units: tuple[float, ...]
    left_out: int
    tried: int
    tried_seconds: float

    @property
    def core_seconds(self) -> float:
        """All units one after another on one core."""
        return sum(self.units)

    def on(self, lanes: int) -> float:
        """Seconds until the last unit ends, if so many run side by side and the next starts as one ends."""
        free = [0.0] * max(1, lanes)
        heapify(free)
        for place, seconds in enumerate(self.units):
            heapreplace(free, max(free[0], START * place) + seconds)
        return max(free)


def estimate_duration(plan: Plan, budget: float = BUDGET) -> Duration:
    """Try a few units of a plan in this process, on one core, and conclude from them to all.

    A try is a whole unit, of all generations with all measuring, but of few seeds: how the work of a generation grows
    with t is up to the regime, the family and the metrics, while seeds are an axis of arrays, which adds a constant
    each. Units of one family and regime differ in sizes and other settings; what these do to the cost is taken as one
    factor each. So a unit in the middle is tried, and from there each axis at its least, its middle and its most, or
    with each of its words; in between, costs are interpolated. Data's numbers (rows, dimensions) are always tried,
    since units differ by thousands there; others as long as the budget lasts: what was not tried counts as no factor.

    Processor time is taken, not wall time, so that what else runs on the machine tells little. Units that run side by
    side share caches and memory, and take somewhat longer.

    Args:
        plan: units to run.
        budget: seconds.
    """
    began = process_time()
    units = [unit for unit in plan.loop if _can_be_tried(plan.sweep, unit.line)]
    groups: dict[tuple[str, str], list[LoopUnit]] = {}
    for unit in units:
        groups.setdefault((unit.line.cell.model.name, unit.line.cell.regime.name), []).append(unit)
    grouped = [Group(plan.sweep, own) for own in groups.values()]
    for group in grouped:
        group.try_units(group.needed())
    for group in grouped:
        group.try_units(unit for unit in group.others() if process_time() - began < budget)
    found = {unit.name: seconds for group in grouped for unit, seconds in group.seconds()}
    return Duration(
        units=tuple(found[unit.name] for unit in units),
        left_out=len(plan.units) - len(units),
        tried=sum(len(group.tried) for group in grouped),
        tried_seconds=process_time() - began,
    )


class Group:
    """Units of one family and regime, and those of them that were tried.

    Attributes:
        tried: place among the units -> its cost.
    """

    def __init__(self, sweep: Sweep, units: Sequence[LoopUnit]) -> None:
        self._sweep = sweep
        self._units = units
        self._settings = [settings(unit.line) for unit in units]
        self._axes = axes_of(self._settings)
        self.tried: dict[int, Effort] = {}

    def needed(self) -> Iterator[int]:
        """The middle, and the ends of sizes."""
        yield self._middle
        yield from self._ends(axis for axis in self._axes if axis.size)

    def others(self) -> Iterator[int]:
        """The ends of other axes."""
        yield from self._ends(axis for axis in self._axes if not axis.size)

    def try_units(self, places: Iterable[int]) -> None:
        """Try those that were not."""
        for place in places:
            if place not in self.tried:
                self.tried[place] = try_unit(self._sweep, self._units[place])

    def seconds(self) -> Iterator[tuple[LoopUnit, float]]:
        """Each unit with its estimate."""
        features = np.array([[x for axis in self._axes for x in axis.features(own)] for own in self._settings])
        features = features.reshape(len(self._units), -1) - features.reshape(len(self._units), -1)[self._middle]
        tried = list(self.tried)
        costs = np.log([[self.tried[place].shared, self.tried[place].per_seed] for place in tried])
        middle = costs[tried.index(self._middle)]
        # Where no grid is whole, a unit at one end is not in the middle of all else: hence equations, not differences.
        factors = np.linalg.lstsq(features[tried], costs - middle, rcond=0.05)[0]
        for unit, (shared, per_seed) in zip(self._units, np.exp(middle + features @ factors), strict=True):
            yield unit, Effort(shared, per_seed).of(len(unit.seeds))

    @cached_property
    def _middle(self) -> int:
        away = [sum(axis.between(own, axis.middle) for axis in self._axes) for own in self._settings]
        return int(np.argmin(away))

    def _ends(self, axes: Iterable[Axis]) -> Iterator[int]:
        """For each knot of some axes the unit there that is otherwise most like the middle."""
        middle = self._settings[self._middle]
        for axis in axes:
            for knot in axis.knots:
                there = [place for place, own in enumerate(self._settings) if own.get(axis.name) == knot]
                yield min(
                    there,
                    key=lambda place: sum(
                        other.between(self._settings[place], middle.get(other.name)) for other in self._axes
                    ),
                )


def try_unit(sweep: Sweep, unit: LoopUnit) -> Effort:
    """Run a unit with few seeds, and with more until they show in its time."""
    fewest = seeds = min(FEWEST, len(unit.seeds))
    first = seconds = run_alone(sweep, unit, fewest)
    while seeds < len(unit.seeds) and seconds < max(SHOWS * first, LONG):
        seeds = min(LADDER * seeds, len(unit.seeds))
        seconds = run_alone(sweep, unit, seeds)
    if seeds == fewest:  # these are all: what they share does not matter
        return Effort(seconds / 2, seconds / 2 / seeds)
    # Where noise would make one of the two nothing, it counts as a twentieth.
    per_seed = max((seconds - first) / (seeds - fewest), seconds / seeds / 20)
    return Effort(max(seconds - seeds * per_seed, seconds / 20), per_seed)


def run_alone(sweep: Sweep, unit: LoopUnit, seeds: int) -> float:
    """Seconds of one core that a closed-form unit takes with its first so many seeds; what it publishes is dropped."""
    # A family of its own: what one remembers of a run is not for another.
    family = cast(ClosedForm, registry.family(unit.line.cell.model, unit.line.data))
    some = replace(unit, line=replace(unit.line, family=family), seeds=unit.seeds[:seeds])
    with TemporaryDirectory() as folder, threadpool_limits(1):
        began = process_time()
        closed_form.run(some, bench_alone(sweep, Objects.at(folder), some), ClosedFormRank(family, some.seeds))
        return process_time() - began


def _can_be_tried(sweep: Sweep, line: Line) -> bool:
    """Whether a cell is of a closed-form family, and no metric of it needs an extractor that is a network."""
    if line.family.trained:
        return False
    asked = (registry.build("metric", metric).features for metric in sweep.metrics)
    return NETWORKS.keys().isdisjoint(extractor_name(features, line.data.kind) for features in asked)
