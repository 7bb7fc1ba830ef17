"""Execution of a unit of a closed-form family: the whole range of generations, published as one span."""

from collections.abc import Iterator
from time import perf_counter
from typing import Any, cast

import numpy as np

from raysc import registry
from raysc.datasets.new_rows import new_real_rows
from raysc.datasets.views import CandidateViews
from raysc.execution import records
from raysc.execution.active_pack import ActivePack
from raysc.execution.early_stopping import EarlyStopping
from raysc.execution.measurer import ValuesByMetric
from raysc.execution.metric_index import MetricIndex
from raysc.execution.ranks import ClosedFormRank
from raysc.execution.unit_context import UnitContext
from raysc.loop import Generation, self_consuming_loop
from raysc.models.family import ClosedFormFamily
from raysc.planning.resolved import ResolvedCell
from raysc.planning.units import LoopUnit
from raysc.pool.blocks import MemoryBlock
from raysc.pool.lifetimes import Lifetimes
from raysc.pool.rows import Rows
from raysc.pool.shelf import MemoryShelf, Shelf
from raysc.regimes.recipe import REAL, fresh
from raysc.store.publishing import Attempt
from raysc.store.spans import END, Span, published_chain

REPORTS = 10
"""Reports to Tune per unit: one costs some milliseconds, as much as a generation."""


def run(unit: LoopUnit, context: UnitContext, crew: ClosedFormRank) -> None:
    """Run generations 0 to T, measure and publish them.

    Neither rows nor models are kept: a kernel density estimate is all its rows, and a Gaussian of 100 dimensions for
    every seed and generation is larger than its rows were. ``generation_again`` recomputes both in milliseconds a
    generation.
    """
    if _is_published(unit, context):
        return  # another process published it first
    last, all_seeds = context.generations, ActivePack.all_seeds(context, crew)
    stopping, values, recording = all_seeds.stopping, [], records.Recording()
    every = max(1, -(-(last + 1) // REPORTS))
    for generation, pack in _loop(unit, all_seeds):
        started, running = perf_counter(), pack.running
        measured = pack.measure(generation)
        values.append(measured)
        waited = 0.0 if generation.t else context.wait_seconds
        seconds = {"wait": waited, **generation.seconds, "measure": perf_counter() - started}
        recording.add(generation, seconds, pack.context.seeds, running)
        if generation.t % every == 0 or generation.t == last:
            context.writer.report_means(generation.t, measured)
    if stopping.until is None:
        # The loop ends once every seed has diverged. Later generations count as done and measured.
        measurer = context.measurer
        values += [measurer.measure(None, measurer.due(t)) for t in range(len(values), last + 1)]
    _publish(unit, context, recording, values, stopping)


def _is_published(unit: LoopUnit, context: UnitContext) -> bool:
    """Return True if all generations are published and measured."""
    lineage = unit.cell.keys.lineage
    covered = published_chain(context.objects, lineage, unit.seeds, 0, unit.cell.untils)
    if not covered or covered[-1].last < context.generations:
        return False
    index = MetricIndex(context, lineage)
    last = covered[-1].first - 1 if covered[-1].last >= END else context.generations
    return not any(index.missing(t) for t in range(last + 1))


def _publish(
    unit: LoopUnit,
    context: UnitContext,
    recording: records.Recording,
    values: list[ValuesByMetric],
    stopping: EarlyStopping,
) -> None:
    """Publish the span, its metrics and, if ``loop.until`` ended all seeds, the span that says so."""
    lineage = unit.cell.keys.lineage
    span = Span(0, len(values) - 1, lineage, unit.seeds, unit.cell.until)
    attempt = Attempt.start(context.objects, span.path)
    recording.put(attempt)
    ended = records.ended(stopping.ended) if stopping.until is not None else {}
    # The last generation's recipe stands for all of them: under accumulate all recipes are T times as long.
    trained_on = records.sources_of(unit.cell.rules.recipe(context.generations))
    manifest = {"first": 0, "last": span.last, "seeds": unit.seeds, **ended, **trained_on}
    if not attempt.publish(span.name, {**manifest, **context.provenance}):
        attempt.discard()
    context.writer.write(lineage, span.first, values)
    if stopping.over:
        end = Span(len(values), END, lineage, unit.seeds, unit.cell.until)
        manifest = {"first": end.first, "last": END, "seeds": unit.seeds, **ended}
        Attempt.start(context.objects, end.path).publish(end.name, {**manifest, **context.provenance})


def _loop(unit: LoopUnit, pack: ActivePack) -> Iterator[tuple[Generation, ActivePack]]:
    """Yield each generation with the pack whose seeds are in its arrays."""
    shelf, rules, last = MemoryShelf(), unit.cell.rules, pack.context.generations

    def in_memory(generation: int) -> Shelf:
        return shelf

    lifetimes = Lifetimes.of(rules.recipe, range(last + 1), pack.crew.family.reads_rows_once)
    first, sources = 0, {REAL: pack.context.real_rows}
    while first <= last and not pack.stopping.over:
        context, generations = pack.context, range(first, last + 1)
        loop = self_consuming_loop(
            rules, pack.crew, sources, context.seeds, generations, context.new_rows, in_memory, lifetimes,
            context.views(pack.crew),
        )  # fmt: skip
        first = last + 1  # unless the arrays are compacted before
        for generation in loop:
            yield generation, pack
            if pack.stopping.over:
                return
            if pack.mostly_stopped(sources):
                pack, sources = pack.compact(sources)
                first = generation.t + 1
                break


def rows_again(cell: ResolvedCell, seed: int, t: int) -> np.ndarray | None:
    """Recompute S_t of one seed, (sample_rows, *event); None if the model had diverged by then."""
    again = generation_again(cell, seed, t)
    return None if again is None else again[0]


def generation_again(cell: ResolvedCell, seed: int, t: int) -> tuple[np.ndarray, Any] | None:
    """Recompute S_t and G_t of one seed by running its loop up to t. Random draws have addresses, so both are the same.

    Args:
        cell: of a closed-form family.
        seed: the replicate.
        t: the generation.

    Returns:
        Rows (sample_rows, *event) and the model as the family makes it, its arrays with a leading axis of one seed;
        None if the model had diverged by then.
    """

    def new_rows(generation: int, first: int, count: int) -> Rows:
        drawn = new_real_rows(cell.data, (seed,), generation, first, count)
        return Rows(fresh(generation), (MemoryBlock((fresh(generation), (seed,)), 0, drawn),))

    # A new family: the statistics that a family keeps belong to one run.
    family = cast(ClosedFormFamily, registry.family(cell.settings.model, cell.data))
    crew, shelf = ClosedFormRank(family, (seed,)), MemoryShelf()
    sources = {REAL: Rows(REAL, (MemoryBlock((REAL, (seed,)), 0, cell.data.train((seed,))),))}
    generations = range(t + 1)
    lifetimes = Lifetimes.of(cell.rules.recipe, generations, family.reads_rows_once)
    loop = self_consuming_loop(
        cell.rules, crew, sources, (seed,), generations, new_rows, lambda generation: shelf, lifetimes,
        CandidateViews(cell.data, crew.scores),
    )  # fmt: skip
    rows: Rows | None = None
    for generation in loop:
        rows = generation.rows if generation.t == t else None
    if rows is None:
        return None
    of_seed: np.ndarray = rows.load()[0]
    return (of_seed, crew.state) if np.isfinite(of_seed).all() else None
