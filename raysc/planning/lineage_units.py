"""Units of one lineage, or of those of coupled models: what a store lacks of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

from raysc.models.family import ClosedFormFamily
from raysc.planning.fork_checks import has_forks
from raysc.planning.needed_fits import needed_fits
from raysc.planning.packing import Pack, new_packs, seeds_per_unit
from raysc.planning.resolved import ResolvedCell, across_models
from raysc.planning.store_index import StoreIndex
from raysc.planning.units import LoopUnit, Reason
from raysc.seeds import generation_zero_pack
from raysc.store import metric_files
from raysc.store.objects import Objects
from raysc.store.retention import needed_rows
from raysc.store.spans import END, Span, chain, pack_name, valid_spans
from raysc.sweepfile.sweep import Sweep

REASONS: tuple[Reason, ...] = ("states not kept", "set aside", "more generations", "new", "metric only")
"""Reasons for which a unit of trained models runs; of several models the first one counts."""


@dataclass(frozen=True)
class Lineage:
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
        """Yield a unit for each pack that lacks something: it continues after its published generations, gaps first.

        The unit of coupled models does what any of them lacks.
        """
        models = [replace(self, cell=model) for model in self.cell.models]
        for seeds in packs:
            units = [model._trained_unit(seeds) for model in models]
            if lacking := [unit for unit in units if unit is not None]:
                joined = _joined(self.cell, lacking)
                yield replace(joined, refits=self._refits_of_models(seeds, joined)) if joined.refits else joined

    def _trained_unit(self, seeds: Pack) -> LoopUnit | None:
        """Return the unit of one model of a pack; None if it lacks nothing."""
        spans = self._published(seeds)
        generations = {span.first for span in spans if not span.until}
        if missing := self._missing(spans):
            return self._continued(seeds, missing, generations)
        ended = self._end(spans)
        return self._unmeasured(seeds, [t for t in self.measured if 1 <= t < ended and t in generations])

    def _published(self, seeds: Pack) -> list[Span]:
        """Return the published spans of a trained pack."""
        published = self.index.spans.get(self.cell.keys.lineage, {})
        spans = [*valid_spans(published.get(seeds, ()), self.cell.untils)]
        # A listing may be late: generations that would be trained again are looked up by name first.
        while (missing := self._missing(spans)) and self._refits(seeds, missing[0]):
            if (late := self._published_at(seeds, missing[0])) is None:
                break
            spans.append(late)
        return spans

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

    def _refits_of_models(self, seeds: Pack, unit: LoopUnit) -> int:
        """Return the number of published generations of all models that must be trained again.

        A model that is trained again reads rows of others, which retention may have dropped with their models. Where
        only a metric is missing, all models are trained again up to the last generation without a model.

        Args:
            seeds: the pack.
            unit: what all models lack.
        """
        models = [replace(self, cell=model) for model in self.cell.models]
        if len(models) == 1:
            return unit.refits
        dropped = [model._dropped(seeds) for model in models]
        without_model = [of_model.get("models", 0) for of_model in dropped]
        if not unit.missing:
            last = max(without_model)
            return sum(span.last <= last for model in models for span in model._published(seeds))
        recipes = [model.rules.recipe for model in self.cell.models]
        stored_rows = [needed_rows(recipes, last + 1, last + 1) for last in without_model]
        missing = [(t, number) for number, model in enumerate(models) for t in model._missing(model._published(seeds))]
        fits = needed_fits(
            missing,
            self.cell.models,
            has_training_state=lambda t, model: t > dropped[model].get("training_state", 0),
            has_rows=lambda t, model: t > without_model[model] or t in stored_rows[model],
        )
        return max(unit.refits, len(fits) - len(missing))

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
            if self.cell.coupled and self._start_is_uncompared(seeds):
                return LoopUnit(self.cell, seeds, self.cell.generations + 1, "metric only", 0)
            return None
        dropped = self._dropped(seeds).get("models", 0)
        without_model = [t for t in wanted if t <= dropped]
        lost = self.index.unmeasured(self.metrics[self.cell.number], lineage, seeds, without_model)
        lost = lost and self._lacks_metrics(seeds, without_model)
        reason: Reason = "states not kept" if lost else "metric only"
        return LoopUnit(self.cell, seeds, self.cell.generations + 1, reason, 0, dropped if lost else 0)

    def _start_is_uncompared(self, seeds: Pack) -> bool:
        """Return True if generation 0 lacks a metric that compares models: the loop measures it, which has them all."""
        keys, metrics = self.cell.keys.generation_zero, self.metrics[self.cell.number]
        assert keys is not None, "generation 0 of a trained family has keys"
        compared = [key for key, across in zip(metrics, across_models(self.sweep), strict=True) if across]
        initial = generation_zero_pack(seeds)
        wanted = [t for t in self.measured if t == 0]
        diverged = any(span.last >= END for span in self.index.spans.get(keys.rows, {}).get(initial, ()))
        return not diverged and self.index.unmeasured(compared, keys.rows, initial, wanted)

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


def _joined(cell: ResolvedCell, units: list[LoopUnit]) -> LoopUnit:
    """Return the unit that does what units of some models of a cell do."""
    if len(cell.models) == 1:
        return units[0]
    reasons = {unit.reason for unit in units}
    return LoopUnit(
        cell,
        units[0].seeds,
        min(unit.first for unit in units),
        next(reason for reason in REASONS if reason in reasons),
        sum(unit.missing for unit in units),
        sum(unit.refits for unit in units),
    )


def _furthest_first(item: tuple[Pack, tuple[Span, ...]]) -> tuple[int, Pack]:
    """Sort key of published packs."""
    seeds, spans = item
    return -max(span.last for span in spans), seeds
