"""Planning: a resolved sweep and a store in, the work that remains out.

Only names are read from the store, so a plan of thousands of cells costs one listing.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import TypeVar

from raysc.models.packing import packs_seeds
from raysc.planning.lineage_units import Lineage
from raysc.planning.packing import LoopKeys, Pack, cut_packs
from raysc.planning.resolved import ResolvedCell, ResolvedSweep, across_models, measured_generations_of
from raysc.planning.store_index import StoreIndex
from raysc.planning.units import InitialUnit, LoopUnit, Reason, Snapshot, Unit, overlapping_packs
from raysc.seeds import generation_zero_pack
from raysc.settings import Resources, Sample
from raysc.store.keys import GenerationZeroKeys
from raysc.store.objects import Objects
from raysc.store.spans import END
from raysc.sweepfile.sweep import Sweep

AnyUnit = TypeVar("AnyUnit", InitialUnit, LoopUnit)


@dataclass(frozen=True)
class Plan:
    """The difference between a sweep and a store at one moment.

    Counts are per seed; a generation counts once, even if several cells share it.

    Attributes:
        resolved: the sweep.
        initial: units of missing generation 0s.
        loop: units of missing generations >= 1 or metrics; each starts once its generation 0 is published.
        done: number of generations >= 1 that are published and measured.
        to_do: number of generations >= 1 that are not.
        shared: number of generations that a cell shares with an earlier cell, so that they run once.
        generation_zeros: number of generation 0s of trained families in this sweep.
        trainings_saved: number of trainings of generation 0 that sharing saves: one for each cell and seed, minus
            those that run.
    """

    resolved: ResolvedSweep
    initial: tuple[InitialUnit, ...]
    loop: tuple[LoopUnit, ...]
    done: int
    to_do: int
    shared: int
    generation_zeros: int
    trainings_saved: int

    @property
    def sweep(self) -> Sweep:
        """The sweep file."""
        return self.resolved.sweep

    @property
    def cells(self) -> tuple[ResolvedCell, ...]:
        """All cells of the sweep."""
        return self.resolved.cells

    @property
    def units(self) -> tuple[Unit, ...]:
        """All units: generation 0s, then loops."""
        return (*self.initial, *self.loop)

    @property
    def refitting_units(self) -> tuple[LoopUnit, ...]:
        """Units that cannot run without training published generations again."""
        return tuple(unit for unit in self.loop if unit.refits)


def make_plan(resolved: ResolvedSweep, objects: Objects) -> Plan:
    """Compare a sweep with a store; only names are read."""
    sweep, cells = resolved.sweep, resolved.cells
    index = StoreIndex.read(objects, {key for keys in resolved.metric_keys.values() for key in keys})
    trained = [cell for cell in cells if cell.keys.generation_zero is not None]
    loops = {cell.number: _loop_keys(cell, sweep.resources) for cell in trained}
    lineages: dict[str, ResolvedCell] = {}
    for cell in cells:
        lineages.setdefault(cell.keys.lineage, cell)
    seeds = resolved.seeds_by_lineage
    packs = cut_packs(loops, seeds, index.spans, sweep.resources)
    loop: list[LoopUnit] = []
    for cell in lineages.values():
        if cell.coupled and cell.coupled[0].number != cell.number:
            continue  # it runs with the first of its models
        measured = measured_generations_of(sweep, cell)
        of_lineage = seeds[cell.keys.lineage]
        lineage = Lineage(cell, sweep, of_lineage, objects, index, resolved.metric_keys, measured)
        loop.extend(lineage.trained_units(packs[cell.number]) if cell.family.trained else lineage.closed_form_units())
    loop = [_with_overlap(unit, index) for unit in loop]
    loop.sort(key=_closed_form_work, reverse=True)  # the longest first, so that no core waits for it at the end
    to_do = sum(unit.missing * len(set(unit.seeds) & set(seeds[unit.cell.keys.lineage])) for unit in loop)
    total = sum(len(of_lineage) * lineages[key].generations for key, of_lineage in seeds.items())
    generation_zeros = {cell.keys.generation_zero: cell for cell in cells if cell.keys.generation_zero is not None}
    return Plan(
        resolved,
        _initial_units(generation_zeros, resolved, packs, index),
        tuple(loop),
        done=total - to_do,
        to_do=to_do,
        shared=sum(len(seeds[cell.keys.lineage]) * cell.generations for cell in cells) - total,
        generation_zeros=sum(map(len, seeds_by_key(resolved, lambda keys: keys).values())),
        trainings_saved=sum(len(seeds[loop.lineages[0]]) for loop in loops.values())
        - sum(map(len, seeds_by_key(resolved, lambda keys: keys.run).values())),
    )


def _loop_keys(cell: ResolvedCell, resources: Resources) -> LoopKeys:
    """Return the keys of the loop of a trained cell; coupled models have one loop."""
    models = cell.models
    return LoopKeys(
        tuple(model.keys.lineage for model in models),
        tuple(model.keys.generation_zero for model in models if model.keys.generation_zero is not None),
        all(_packs_seeds(model, resources) for model in models),
    )


def _packs_seeds(cell: ResolvedCell, resources: Resources) -> bool:
    """Return True if seeds of a trained cell train together."""
    trains = cell.settings.train, cell.settings.loop_train
    return packs_seeds(cell.family, cell.data.event, trains, resources.workers)


def seeds_by_key(resolved: ResolvedSweep, key: Callable[[GenerationZeroKeys], Hashable]) -> dict[Hashable, set[int]]:
    """Map a key of each generation 0 to its seeds, those of the lineages that begin with it."""
    seeds: dict[Hashable, set[int]] = {}
    for cell in resolved.cells:
        if (keys := cell.keys.generation_zero) is not None:
            of_lineage = resolved.seeds_by_lineage[cell.keys.lineage]
            seeds.setdefault(key(keys), set()).update(generation_zero_pack(of_lineage))
    return seeds


def _with_overlap(unit: AnyUnit, index: StoreIndex) -> AnyUnit:
    """Return a unit with the published packs that share a seed with it."""
    packs = overlapping_packs(index.spans, unit.published_keys, unit.seeds)
    return replace(unit, overlapping=packs) if packs else unit


def _closed_form_work(unit: LoopUnit) -> int:
    """Estimate the work of a unit, to sort by; units of trained families keep the order of the cells."""
    if unit.cell.family.trained:
        return 0
    return len(unit.seeds) * len(unit.cell.models) * unit.cell.rules.sample_rows * prod(unit.cell.data.event)


def _initial_units(
    generation_zeros: Mapping[GenerationZeroKeys, ResolvedCell],
    resolved: ResolvedSweep,
    packs: Mapping[int, tuple[Pack, ...]],
    index: StoreIndex,
) -> tuple[InitialUnit, ...]:
    """Make units of missing generation 0s; snapshots of one training run form one unit.

    Published snapshots of such a run are listed too: training continues from them. A pack leaves out the snapshots that
    none of its cells begins with.
    """
    wanted_packs: dict[GenerationZeroKeys, dict[Pack, None]] = {keys: {} for keys in generation_zeros}
    for cell in resolved.cells:
        if cell.keys.generation_zero is not None:
            of_cell = map(generation_zero_pack, packs[cell.number])
            wanted_packs[cell.keys.generation_zero].update(dict.fromkeys(of_cell))

    # The loop measures metrics that compare models: it has all of them.
    across = across_models(resolved.sweep)

    def missing(keys: GenerationZeroKeys, cell: ResolvedCell, seeds: Pack) -> Reason | None:
        wanted = [t for t in measured_generations_of(resolved.sweep, cell) if t == 0]
        models, spans = (index.spans.get(key, {}).get(seeds, ()) for key in (keys.model, keys.rows))
        if not models or not spans:
            return "new"
        diverged = any(span.last >= END for span in spans)
        metrics = zip(resolved.metric_keys[cell.number], across, strict=True)
        unmeasured = index.unmeasured([key for key, of_all in metrics if not of_all], keys.rows, seeds, wanted)
        return "metric only" if unmeasured and not diverged else None

    runs: dict[str, list[tuple[int, GenerationZeroKeys, ResolvedCell]]] = {}
    for keys, cell in generation_zeros.items():
        runs.setdefault(keys.run, []).append((cell.settings.initial.steps or 0, keys, cell))
    units = []
    for snapshots in runs.values():
        snapshots.sort(key=lambda snapshot: snapshot[0])
        for seeds in dict.fromkeys(seeds for _, keys, _ in snapshots for seeds in wanted_packs[keys]):
            of_pack = [snapshot for snapshot in snapshots if seeds in wanted_packs[snapshot[1]]]
            reasons = [missing(keys, cell, seeds) for _, keys, cell in of_pack]
            if any(reasons):
                last = max(number for number, reason in enumerate(reasons) if reason)
                reason: Reason = "new" if "new" in reasons else "metric only"
                _, keys, cell = of_pack[last]
                unit = InitialUnit(cell, keys, seeds, _snapshots(of_pack[: last + 1]), reason)
                units.append(_with_overlap(unit, index))
    return tuple(units)


def _snapshots(run: Iterable[tuple[int, GenerationZeroKeys, ResolvedCell]]) -> tuple[Snapshot, ...]:
    """Group the generation 0s of one training run by their model: one model may be sampled in several ways."""
    rows: dict[tuple[int, str], dict[str, Sample]] = {}
    for steps, keys, cell in run:
        rows.setdefault((steps, keys.model), {})[keys.rows] = cell.settings.sample
    return tuple(Snapshot(steps, model, samples) for (steps, model), samples in rows.items())
