"""Planning: a resolved sweep and a store in, the work that remains out.

Only names are read from the store, so a plan of thousands of cells costs one listing.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import TypeVar, cast

from raysc.models.family import ClosedFormFamily, supports_packing
from raysc.planning.fork_checks import has_forks
from raysc.planning.packing import LoopKeys, Pack, cut_packs, new_packs, seeds_per_unit
from raysc.planning.resolved import ResolvedCell, ResolvedSweep, measured_generations_of
from raysc.planning.store_index import StoreIndex
from raysc.planning.units import InitialUnit, LoopUnit, Reason, Snapshot, Unit, overlapping_packs
from raysc.seeds import generation_zero_pack
from raysc.settings import Sample
from raysc.store import metric_files
from raysc.store.keys import GenerationZeroKeys
from raysc.store.objects import Objects
from raysc.store.spans import END, Span, chain, pack_name, valid_spans
from raysc.sweepfile.sweep import Sweep

AnyUnit = TypeVar("AnyUnit", InitialUnit, LoopUnit)


@dataclass(frozen=True)
class Plan:
    """The difference between a sweep and a store at one moment.

    Counts are per seed; a generation counts once, even if several cells share it.

    Attributes:
        resolved: the sweep.
        initial: units of missing generation 0s: the first wave.
        loop: units of missing generations >= 1 or metrics: the second wave.
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
        """Units of both waves."""
        return (*self.initial, *self.loop)

    @property
    def refitting_units(self) -> tuple[LoopUnit, ...]:
        """Units that cannot run without training published generations again."""
        return tuple(unit for unit in self.loop if unit.refits)


def make_plan(resolved: ResolvedSweep, objects: Objects) -> Plan:
    """Compare a sweep with a store; only names are read."""
    sweep, cells = resolved.sweep, resolved.cells
    index = StoreIndex.read(objects, {key for keys in resolved.metric_keys.values() for key in keys})
    loops = {
        cell.number: LoopKeys(cell.keys.lineage, generation_zero, supports_packing(cell.family, cell.data.event))
        for cell in cells
        if (generation_zero := cell.keys.generation_zero) is not None
    }
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
        lineage = _Lineage(cell, sweep, of_lineage, objects, index, resolved.metric_keys, measured)
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
        trainings_saved=sum(len(seeds[loop.lineage]) for loop in loops.values())
        - sum(map(len, seeds_by_key(resolved, lambda keys: keys.run).values())),
    )


def seeds_by_key(resolved: ResolvedSweep, key: Callable[[GenerationZeroKeys], Hashable]) -> dict[Hashable, set[int]]:
    """Map a key of each generation 0 to its seeds, those of the lineages that begin with it."""
    seeds: dict[Hashable, set[int]] = {}
    for cell in resolved.cells:
        if (keys := cell.keys.generation_zero) is not None:
            of_lineage = resolved.seeds_by_lineage[cell.keys.lineage]
            seeds.setdefault(key(keys), set()).update(generation_zero_pack(of_lineage))
    return seeds


@dataclass(frozen=True)
class _Lineage:
    """One lineage of a sweep, compared with the store.

    Attributes:
        cell: the first cell that has this lineage; of coupled models, the first model's.
        sweep: the sweep.
        seeds: seeds of the lineage.
        objects: the store.
        index: names in the store.
        metrics: cell number -> keys of the sweep's metrics on the cell's data.
        measured: generations that have metrics in the store once the sweep is done.
    """

    cell: ResolvedCell
    sweep: Sweep
    seeds: tuple[int, ...]
    objects: Objects
    index: StoreIndex
    metrics: Mapping[int, tuple[str, ...]]
    measured: tuple[int, ...]

    def trained_units(self, packs: Iterable[Pack]) -> Iterator[LoopUnit]:
        """Yield a unit for each pack that lacks something: it continues after its published generations, gaps first."""
        published = self.index.spans.get(self.cell.keys.lineage, {})
        for seeds in packs:
            spans = [*valid_spans(published.get(seeds, ()), self.cell.untils)]
            # A listing may be late: generations that would be trained again are looked up by name first.
            while (missing := self._missing(spans)) and self._refits(seeds, missing[0]):
                if (late := self._published_at(seeds, missing[0])) is None:
                    break
                spans.append(late)
            generations = {span.first for span in spans if not span.until}
            ended = self._end(spans)
            if missing:
                yield self._continued(seeds, missing, generations)
            elif unit := self._unmeasured(seeds, [t for t in self.measured if 1 <= t < ended and t in generations]):
                yield unit

    def _end(self, spans: Iterable[Span]) -> int:
        """Return the first generation after those that a trained pack has or will have."""
        return min((span.first for span in spans if span.last >= END), default=self.cell.generations + 1)

    def _missing(self, spans: Iterable[Span]) -> list[int]:
        """Return the generations >= 1 that a trained pack lacks."""
        spans = list(spans)
        generations = {span.first for span in spans if not span.until}
        return [t for t in range(1, min(self._end(spans), self.cell.generations + 1)) if t not in generations]

    def _published_at(self, seeds: Pack, t: int) -> Span | None:
        """Return the published span of a trained pack that starts with generation t, found by its name."""
        lineage = self.cell.keys.lineage
        spans = [Span(t, t, lineage, seeds), *(Span(t, END, lineage, seeds, until) for until in self.cell.untils)]
        return next((span for span in spans if self.objects.exists(span.name)), None)

    def _refits(self, seeds: Pack, first: int) -> int:
        """Return the number of published generations that must be trained again to make generation ``first``."""
        dropped = self._dropped(seeds).get("training_state", 0)
        return first - 1 if self.cell.settings.start == "previous" and first > 1 and dropped >= first - 1 else 0

    def _continued(self, seeds: Pack, missing: list[int], published: set[int]) -> LoopUnit:
        """Return the unit of a pack that lacks generations."""
        first = missing[0]
        gap = first < max(published, default=0)
        reason: Reason = "set aside" if gap else "more generations" if published else "new"
        if refits := self._refits(seeds, first):
            reason = "states not kept"
        return LoopUnit(self.cell, seeds, first, reason, len(missing), refits)

    def _unmeasured(self, seeds: Pack, wanted: list[int]) -> LoopUnit | None:
        """Return the unit of a pack that lacks only metrics; None if all wanted generations are measured."""
        lineage = self.cell.keys.lineage
        if not self.index.unmeasured(self.metrics[self.cell.number], lineage, seeds, wanted):
            return None
        dropped = self._dropped(seeds).get("models", 0)
        without_model = [t for t in wanted if t <= dropped]
        lost = self.index.unmeasured(self.metrics[self.cell.number], lineage, seeds, without_model)
        lost = lost and self._lacks_metrics(seeds, without_model)
        reason: Reason = "states not kept" if lost else "metric only"
        return LoopUnit(self.cell, seeds, self.cell.generations + 1, reason, 0, dropped if lost else 0)

    def _lacks_metrics(self, seeds: Pack, wanted: Iterable[int]) -> bool:
        """List the metrics of a pack again; return True if some metric lacks some wanted generation."""
        lineage, generations = self.cell.keys.lineage, set(wanted)
        files = (
            metric_files.files_by_generation(self.objects, metric, lineage, seeds)
            for metric in self.metrics[self.cell.number]
        )
        return any(generations - by_generation.keys() for by_generation in files)

    def _dropped(self, seeds: Pack) -> Mapping[str, int]:
        """Return what retention has dropped of a pack, and up to which generation."""
        return self.index.dropped.get((self.cell.keys.lineage, pack_name(seeds)), {})

    def closed_form_units(self) -> Iterator[LoopUnit]:
        """Yield units of packs of seeds. Published packs keep their cut, and run from 0 since rows are not kept.

        A pack of coupled models is done once the lineages of all of them are.
        """
        models, generations = self.cell.models, self.cell.generations
        published = [self.index.spans.get(model.keys.lineage, {}) for model in models]
        packs = {seeds: spans for of_model in published for seeds, spans in of_model.items()}
        remaining, missing = set(self.seeds), generations * len(models)
        for seeds, _ in sorted(packs.items(), key=_furthest_first):
            if not remaining & set(seeds):
                continue
            remaining -= set(seeds)
            reasons = [self._closed_form_reason(model, seeds) for model in models]
            if reason := next((reason for reason in ("rows not kept", "metric only") if reason in reasons), None):
                yield LoopUnit(self.cell, seeds, 0, reason, missing)
        new = [seed for seed in self.seeds if seed in remaining]
        for seeds in new_packs(new, min(map(self._seeds_per_unit, models))):
            yield LoopUnit(self.cell, seeds, 0, "new", missing)

    def _closed_form_reason(self, model: ResolvedCell, seeds: Pack) -> Reason | None:
        """Return the reason why a published pack runs again; None if it has all generations and metrics."""
        lineage, generations = model.keys.lineage, self.cell.generations
        spans = self.index.spans.get(lineage, {}).get(seeds, ())
        covered = chain(valid_spans(spans, model.untils), 0)
        if not covered or covered[-1].last < generations:
            return "rows not kept"
        # Generations after the one in which the last seed ended repeat it.
        last = covered[-1].first - 1 if covered[-1].last >= END else generations
        wanted = [t for t in self.measured if t <= last]
        return "metric only" if self.index.unmeasured(self.metrics[model.number], lineage, seeds, wanted) else None

    def _seeds_per_unit(self, model: ResolvedCell) -> int:
        """Return the number of seeds of a unit in which all models have as many rows as this one."""
        family = cast(ClosedFormFamily, model.family)
        loops = len(self.cell.models) * (2 if has_forks(self.sweep) else 1)
        return max(1, seeds_per_unit(model.rules, model.data, family, self.cell.generations) // loops)


def _furthest_first(item: tuple[Pack, tuple[Span, ...]]) -> tuple[int, Pack]:
    """Sort key of published packs."""
    seeds, spans = item
    return -max(span.last for span in spans), seeds


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

    def missing(keys: GenerationZeroKeys, cell: ResolvedCell, seeds: Pack) -> Reason | None:
        wanted = [t for t in measured_generations_of(resolved.sweep, cell) if t == 0]
        models, spans = (index.spans.get(key, {}).get(seeds, ()) for key in (keys.model, keys.rows))
        if not models or not spans:
            return "new"
        diverged = any(span.last >= END for span in spans)
        unmeasured = index.unmeasured(resolved.metric_keys[cell.number], keys.rows, seeds, wanted)
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
