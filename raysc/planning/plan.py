"""Cells and store in, work out: what is done, what is shared, what is still to run, and why.

Only names are read from the store, so that a plan of thousands of cells costs one listing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Literal, cast

from raysc import registry
from raysc.metrics.core.metric import Metric
from raysc.models.family import ClosedForm, in_packs
from raysc.planning.packing import Loop, Pack, packs_of, seeds_per_unit
from raysc.planning.resolved import Line, lines, measured_generations_of, metric_keys_by_cell
from raysc.settings import Sample
from raysc.store import metric_files
from raysc.store.keys import Zero
from raysc.store.metric_files import Places, generations_in
from raysc.store.objects import Objects
from raysc.store.retention import marks
from raysc.store.spans import END, Published, chain, counted, pack_name, published
from raysc.sweepfile.sweep import Sweep

Reason = Literal["new", "more generations", "rows not kept", "metric only", "set aside", "states not kept"]
"""Why a unit runs. "set aside": some of its generations were damaged, and others after them are there; "states not
kept": it can only go on, or be measured, by training published generations again."""


@dataclass(frozen=True)
class Snapshot:
    """One G_0 out of a training run, and the S_0s that are drawn from it.

    Attributes:
        steps: optimiser steps after which it is taken.
        model: address of G_0.
        rows: address of each S_0, with how it is sampled.
    """

    steps: int
    model: str
    rows: Mapping[str, Sample]


@dataclass(frozen=True)
class InitialUnit:
    """Generation 0 of a seed or a pack of a trained family, for everybody who shares it.

    Attributes:
        line: a cell that it serves; settings of the run are taken from it.
        zero: that cell's addresses of generation 0.
        seeds: the pack.
        snapshots: by growing number of steps.
        reason: why it runs.
    """

    line: Line
    zero: Zero
    seeds: tuple[int, ...]
    snapshots: tuple[Snapshot, ...]
    reason: Reason

    @property
    def name(self) -> str:
        """Names the unit within a sweep."""
        return f"initial/{self.zero.run}/{pack_name(self.seeds)}"


@dataclass(frozen=True)
class LoopUnit:
    """A lineage and a pack of its seeds.

    Attributes:
        line: the cell whose lineage it is.
        seeds: the pack.
        first: first generation to run; beyond the last one where only a metric is missing.
        reason: why it runs.
        missing: generations >= 1 that are to do, per seed.
        refits: published generations that would have to be trained again, per seed, since their states were dropped.
    """

    line: Line
    seeds: tuple[int, ...]
    first: int
    reason: Reason
    missing: int
    refits: int = 0

    @property
    def name(self) -> str:
        """Names the unit within a sweep."""
        return f"loop/{self.line.keys.lineage}/{pack_name(self.seeds)}"


Unit = InitialUnit | LoopUnit


@dataclass(frozen=True)
class Plan:
    """What a sweep means to a store at one moment.

    Counts are per seed; a generation counts once however many cells share it.

    Attributes:
        sweep: the sweep.
        lines: one per cell.
        initial: generation 0s that are missing: the first wave.
        loop: units that are missing: the second wave.
        done: generations, per seed, that are published and measured (generation 0s apart).
        to_do: those that are not.
        shared: generations, per seed, that cells have in common with a cell before them, and so need not run.
        ancestors: generation 0s of trained families that this sweep stands on, per seed.
        trainings_saved: trainings of generation 0 that sharing saves: one for each cell and seed, less those that are
            trained.
    """

    sweep: Sweep
    lines: tuple[Line, ...]
    initial: tuple[InitialUnit, ...]
    loop: tuple[LoopUnit, ...]
    done: int
    to_do: int
    shared: int
    ancestors: int
    trainings_saved: int

    @property
    def units(self) -> tuple[Unit, ...]:
        """Both waves."""
        return (*self.initial, *self.loop)

    @property
    def refits(self) -> tuple[LoopUnit, ...]:
        """Units that cannot run without training published generations again."""
        return tuple(unit for unit in self.loop if unit.refits)

    @property
    def metric_column(self) -> str:
        """The column of the first metric, by which progress is told."""
        metric: Metric = registry.build("metric", self.sweep.metrics[0])
        return metric.columns[0].name


def make_plan(sweep: Sweep, objects: Objects, built: tuple[Line, ...] | None = None) -> Plan:
    """Compare a sweep with a store; only names are read.

    Args:
        sweep: what is asked for.
        objects: the store.
        built: the sweep's lines, if they were built already.
    """
    cells = lines(sweep) if built is None else built
    keys_of = metric_keys_by_cell(sweep, cells)
    every = {key for found in keys_of.values() for key in found}
    there = _There(
        published(objects),
        {key: metric_files.measured(objects, key) for key in every},
        marks(objects.names("dropped")),
    )
    loop: list[LoopUnit] = []
    lineages: dict[str, Line] = {}
    zeros = {line.keys.zero: line for line in cells if line.keys.zero is not None}
    loops = {
        line.number: Loop(line.keys.lineage, line.keys.zero, in_packs(line.family, line.data.event))
        for line in cells
        if line.keys.zero is not None
    }
    packs = packs_of(loops, sweep.seeds, there.spans, sweep.resources)
    for line in cells:
        lineages.setdefault(line.keys.lineage, line)
    for line in lineages.values():
        find = partial(_trained_units, packs=packs[line.number]) if line.family.trained else _closed_form_units
        measured = measured_generations_of(sweep, line)
        loop.extend(find(line, sweep, there, keys_of[line.number], measured))
    loop.sort(key=_closed_form_work, reverse=True)  # the longest first, so that no core waits for one at the end
    a_lineage = len(sweep.seeds) * sweep.generations
    to_do = sum(unit.missing * len(set(unit.seeds) & set(sweep.seeds)) for unit in loop)
    return Plan(
        sweep,
        cells,
        _initial_units(zeros, sweep, packs, there, keys_of),
        tuple(loop),
        done=len(lineages) * a_lineage - to_do,
        to_do=to_do,
        shared=(len(cells) - len(lineages)) * a_lineage,
        ancestors=len(zeros) * len(sweep.seeds),
        trainings_saved=(len(loops) - len({zero.run for zero in zeros})) * len(sweep.seeds),
    )


@dataclass(frozen=True)
class _There:
    """What the names in the store say.

    Attributes:
        spans: what is published.
        metrics: metric key -> where it was measured.
        dropped: (lineage, pack) -> what retention has dropped on purpose, and up to which generation.
    """

    spans: Published
    metrics: Mapping[str, Places]
    dropped: Mapping[tuple[str, str], Mapping[str, int]]

    def unmeasured(self, metrics: Iterable[str], lineage: str, seeds: tuple[int, ...], wanted: Iterable[int]) -> bool:
        """Whether some metric lacks some wanted generation of a pack."""
        generations = set(wanted)
        for metric in metrics:
            names = self.metrics[metric].get(lineage, {}).get(seeds, ())
            if generations.difference(*(generations_in(name) for name in names)):
                return True
        return False


def _trained_units(
    line: Line, sweep: Sweep, there: _There, metrics: tuple[str, ...], measured: tuple[int, ...], packs: Iterable[Pack]
) -> Iterator[LoopUnit]:
    """One unit a pack: it goes on after the last published generation, and fills gaps before it."""
    lineage = line.keys.lineage
    published = there.spans.get(lineage, {})
    for seeds in packs:
        spans = counted(published.get(seeds, ()), line.untils)
        ended = min((span.first for span in spans if span.last >= END), default=sweep.generations + 1)
        generations = {span.first for span in spans if not span.until}
        missing = [t for t in range(1, min(ended, sweep.generations + 1)) if t not in generations]
        wanted = [t for t in measured if 1 <= t < ended and t in generations]
        dropped = there.dropped.get((lineage, pack_name(seeds)), {})
        if missing:
            first = missing[0]
            gap = first < max(generations, default=0)
            reason: Reason = "set aside" if gap else "more generations" if generations else "new"
            refits = 0
            if line.cell.start == "previous" and first > 1 and dropped.get("training_state", 0) >= first - 1:
                reason, refits = "states not kept", first - 1
            yield LoopUnit(line, seeds, first, reason, len(missing), refits)
        elif there.unmeasured(metrics, lineage, seeds, wanted):
            gone = dropped.get("models", 0)
            lost = there.unmeasured(metrics, lineage, seeds, [t for t in wanted if t <= gone])
            reason = "states not kept" if lost else "metric only"
            yield LoopUnit(line, seeds, sweep.generations + 1, reason, 0, gone if lost else 0)


def _closed_form_units(
    line: Line, sweep: Sweep, there: _There, metrics: tuple[str, ...], measured: tuple[int, ...]
) -> Iterator[LoopUnit]:
    """Packs of seeds: published ones stay as they were cut, and run from 0 since their rows were not kept."""
    remaining = set(sweep.seeds)
    packs = there.spans.get(line.keys.lineage, {})
    for seeds, spans in sorted(packs.items(), key=lambda item: (-max(span.last for span in item[1]), item[0])):
        if not remaining & set(seeds):
            continue
        remaining -= set(seeds)
        covered = chain(counted(spans, line.untils), 0)
        if not covered or covered[-1].last < sweep.generations:
            yield LoopUnit(line, seeds, 0, "rows not kept", sweep.generations)
            continue
        # Later generations are as the one in which the last seed ended.
        last = covered[-1].first - 1 if covered[-1].last >= END else sweep.generations
        if there.unmeasured(metrics, line.keys.lineage, seeds, [t for t in measured if t <= last]):
            yield LoopUnit(line, seeds, 0, "metric only", sweep.generations)
    new = [seed for seed in sweep.seeds if seed in remaining]
    size = seeds_per_unit(line.rules, line.data, cast(ClosedForm, line.family), sweep.generations)
    for start in range(0, len(new), size):
        yield LoopUnit(line, tuple(new[start : start + size]), 0, "new", sweep.generations)


def _closed_form_work(unit: LoopUnit) -> int:
    """How much a unit has to do, to sort by; units of trained families stay in the order of the cells."""
    if unit.line.family.trained:
        return 0
    return len(unit.seeds) * unit.line.rules.sample_rows * prod(unit.line.data.event)


def _initial_units(
    zeros: Mapping[Zero, Line],
    sweep: Sweep,
    packs: Mapping[int, tuple[Pack, ...]],
    there: _There,
    keys_of: Mapping[int, tuple[str, ...]],
) -> tuple[InitialUnit, ...]:
    """Missing generation 0s, those that are snapshots of one training run together.

    Snapshots of that run that are there already are listed too: training goes on from them.
    """

    def missing(zero: Zero, line: Line, seeds: tuple[int, ...]) -> Reason | None:
        wanted = [t for t in measured_generations_of(sweep, line) if t == 0]
        models, spans = (there.spans.get(key, {}).get(seeds, ()) for key in (zero.model, zero.rows))
        if not models or not spans:
            return "new"
        diverged = any(span.last >= END for span in spans)
        unmeasured = there.unmeasured(keys_of[line.number], zero.rows, seeds, wanted)
        return "metric only" if unmeasured and not diverged else None

    runs: dict[str, list[tuple[int, Zero, Line]]] = {}
    for zero, line in zeros.items():
        runs.setdefault(zero.run, []).append((line.cell.initial.steps or 0, zero, line))
    units = []
    for served in runs.values():
        served.sort(key=lambda one: one[0])
        for seeds in dict.fromkeys(seeds for _, _, line in served for seeds in packs[line.number]):
            reasons = [missing(zero, line, seeds) for _, zero, line in served]
            if not any(reasons):
                continue
            last = max(number for number, reason in enumerate(reasons) if reason)
            rows: dict[tuple[int, str], dict[str, Sample]] = {}
            for steps, zero, line in served[: last + 1]:
                rows.setdefault((steps, zero.model), {})[zero.rows] = line.cell.sample
            snapshots = tuple(Snapshot(steps, model, samples) for (steps, model), samples in rows.items())
            _, zero, line = served[last]
            reason: Reason = "new" if "new" in reasons else "metric only"
            units.append(InitialUnit(line, zero, seeds, snapshots, reason))
    return tuple(units)
