"""Execution of a unit of a closed-form family: the whole range of generations, published as one span."""

from collections.abc import Iterator
from time import perf_counter

from raysc.execution import records
from raysc.execution.active_pack import ActivePack
from raysc.execution.early_stopping import EarlyStopping
from raysc.execution.forks import Forks, fork_metrics
from raysc.execution.measurer import ValuesByMetric
from raysc.execution.metric_index import MetricIndex
from raysc.execution.ranks import ClosedFormRank
from raysc.execution.unit_context import UnitContext
from raysc.loop import Generation, self_consuming_loop
from raysc.planning.resolved import ResolvedCell
from raysc.planning.units import LoopUnit
from raysc.pool.block_store import BlockStore, MemoryBlockStore
from raysc.pool.lifetimes import Lifetimes
from raysc.regimes.recipe import REAL
from raysc.store.publishing import Attempt
from raysc.store.spans import END, Span, published_chain

REPORTS = 10
"""Reports to Tune per unit: one costs some milliseconds, as much as a generation."""


def run(unit: LoopUnit, context: UnitContext, crew: ClosedFormRank) -> None:
    """Run generations 0 to T, measure and publish them.

    Neither rows nor models are kept: a kernel density estimate is all its rows, and a Gaussian of 100 dimensions for
    every seed and generation is larger than its rows were. ``recompute.generation_again`` makes both again in
    milliseconds a generation.
    """
    if is_published(unit.cell, context):
        return  # another process published it first
    last, all_seeds = context.generations, ActivePack.all_seeds(context, crew)
    stopping, values, recording = all_seeds.stopping, [], records.Recording()
    forks = None
    if fork_metrics(context.measurer.metrics):
        forks = Forks(unit.cell.models, [context.real_rows], context.seeds, last)
    every = max(1, -(-(last + 1) // REPORTS))
    for generation, pack in _loop(unit, all_seeds):
        started, running = perf_counter(), pack.running
        measured = pack.measure(generation)
        if forks is not None:
            forked = forks.advance([(crew.state, generation.rows)])
            measured |= forked.measure(context.measurer, generation.t)
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
    publish(unit.cell, context, recording, values, stopping)


def is_published(cell: ResolvedCell, context: UnitContext) -> bool:
    """Return True if all generations are published and measured."""
    lineage = cell.keys.lineage
    covered = published_chain(context.objects, lineage, context.seeds, 0, cell.untils)
    if not covered or covered[-1].last < context.generations:
        return False
    index = MetricIndex(context, lineage, context.seeds)
    last = covered[-1].first - 1 if covered[-1].last >= END else context.generations
    return not any(index.missing(t) for t in range(last + 1))


def publish(
    cell: ResolvedCell,
    context: UnitContext,
    recording: records.Recording,
    values: list[ValuesByMetric],
    stopping: EarlyStopping,
) -> None:
    """Publish the span, its metrics and, if ``loop.until`` ended all seeds, the span that says so."""
    lineage = cell.keys.lineage
    span = Span(0, len(values) - 1, lineage, context.seeds, cell.until)
    attempt = Attempt.start(context.objects, span.path)
    recording.put(attempt)
    ended = records.ended(stopping.ended) if stopping.until is not None else {}
    # The last generation's recipe stands for all of them: under accumulate all recipes are T times as long.
    trained_on = records.sources_of(cell.rules.recipe(context.generations))
    manifest = {"first": 0, "last": span.last, "seeds": context.seeds, **ended, **trained_on}
    if not attempt.publish(span.name, {**manifest, **context.provenance}):
        attempt.discard()
    context.writer.write(lineage, span.first, values)
    if stopping.over:
        end = Span(len(values), END, lineage, context.seeds, cell.until)
        manifest = {"first": end.first, "last": END, "seeds": context.seeds, **ended}
        Attempt.start(context.objects, end.path).publish(end.name, {**manifest, **context.provenance})


def _loop(unit: LoopUnit, pack: ActivePack) -> Iterator[tuple[Generation, ActivePack]]:
    """Yield each generation with the pack whose seeds are in its arrays."""
    block_store, rules, last = MemoryBlockStore(), unit.cell.rules, pack.context.generations

    def in_memory(generation: int) -> BlockStore:
        return block_store

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
