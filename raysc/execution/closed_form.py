"""A unit of a closed-form family: the whole range of generations, published as one span."""

from collections.abc import Iterator, Mapping
from time import perf_counter
from typing import Any, cast

import numpy as np

from raysc import registry
from raysc.datasets.dataset import Distribution
from raysc.execution import records
from raysc.execution.early_stopping import Stopping
from raysc.execution.metric_index import Measured
from raysc.execution.ranks import ClosedFormRank
from raysc.execution.unit_context import Bench, Values
from raysc.loop import Generation, Uses, self_consuming_loop
from raysc.models.family import ClosedForm
from raysc.planning.plan import LoopUnit
from raysc.planning.resolved import Line
from raysc.pool.rows import MemoryBlock, Rows
from raysc.pool.shelf import MemoryShelf, Shelf
from raysc.regimes.recipe import REAL, fresh
from raysc.store.publishing import Attempt
from raysc.store.spans import END, Span, published_chain

REPORTS = 10
"""Reports to Tune per unit: each costs some milliseconds, as much as a generation."""


def run(unit: LoopUnit, bench: Bench, crew: ClosedFormRank) -> None:
    """Run generations 0 to T, measure, publish.

    Neither rows nor models are kept: a kernel density estimate is all its rows, a Gaussian of 100 dimensions for every
    seed and generation is larger than its rows were, and ``rows_again`` makes both again in milliseconds a generation.
    """
    lineage, last = unit.line.keys.lineage, bench.generations
    if _done(unit, bench):
        return  # somebody else was quicker
    values: list[Mapping[str, Values]] = []
    recording, stopping = records.Recording(), Stopping(bench)
    every = max(1, -(-(last + 1) // REPORTS))
    for generation, here, state in _loop(unit, bench, crew, stopping):
        began = perf_counter()
        running = stopping.running
        measured = stopping.measure(generation, here, (crew.family, state))
        values.append(measured)
        waited = 0.0 if generation.t else bench.waited
        seconds = {"wait": waited, **generation.seconds, "measure": perf_counter() - began}
        recording.add(generation, seconds, here.seeds, running)
        if generation.t % every == 0 or generation.t == last:
            bench.report_means(generation.t, measured)
    if bench.until is None:
        # The loop ends once every seed has diverged; later generations count as done, and as measured.
        for t in range(len(values), last + 1):
            values.append(bench.measure(None, bench.metrics if t in bench.measured else ()))
    span = Span(0, len(values) - 1, lineage, unit.seeds, unit.line.until)
    attempt = Attempt.below(bench.objects, span.place)
    recording.put(attempt)
    about = {"first": 0, "last": span.last, "seeds": unit.seeds, **_ended(stopping)}
    # The recipe of the last generation stands for all: of accumulate, all of them together are T times as long.
    trained_on = records.sources_of(unit.line.rules.recipe(bench.generations))
    if not attempt.publish(span.name, {**about, **trained_on, **bench.provenance}):
        attempt.drop()
    bench.write_metrics(lineage, span.first, values)
    if stopping.over:
        end = Span(len(values), END, lineage, unit.seeds, unit.line.until)
        about = {"first": end.first, "last": END, "seeds": unit.seeds, **_ended(stopping)}
        Attempt.below(bench.objects, end.place).publish(end.name, {**about, **bench.provenance})


def _done(unit: LoopUnit, bench: Bench) -> bool:
    covered = published_chain(bench.objects, unit.line.keys.lineage, unit.seeds, 0, unit.line.untils)
    if not covered or covered[-1].last < bench.generations:
        return False
    measured = Measured(bench, unit.line.keys.lineage)
    last = covered[-1].first - 1 if covered[-1].last >= END else bench.generations
    return not any(measured.lacking(t) for t in range(last + 1))


def _ended(stopping: Stopping) -> dict[str, dict[str, int]]:
    """What a manifest says of where seeds ended."""
    return records.ended(stopping.ended) if stopping.bench.until is not None else {}


def _loop(
    unit: LoopUnit, bench: Bench, crew: ClosedFormRank, stopping: Stopping
) -> Iterator[tuple[Generation, Bench, Any]]:
    """Each generation with the bench of the seeds that are in its arrays, and their models."""
    shelf = MemoryShelf()

    def in_memory(generation: int) -> Shelf:
        return shelf

    uses = Uses.of(unit.line.rules, range(bench.generations + 1), crew.family.remembers)
    first, sources = 0, {REAL: bench.real_rows}
    while first <= bench.generations and not stopping.over:
        loop = self_consuming_loop(
            unit.line.rules,
            crew,
            sources,
            bench.seeds,
            range(first, bench.generations + 1),
            bench.fresh,
            in_memory,
            uses,
        )
        first = bench.generations + 1  # unless it is left before
        for generation in loop:
            yield generation, bench, crew.state
            if stopping.over:
                return
            if stopping.wasteful(sources):
                bench, crew, sources = stopping.shrink(bench, crew, sources)
                first = generation.t + 1
                break


def rows_again(line: Line, seed: int, t: int) -> np.ndarray | None:
    """S_t of one seed, (sample_rows, *event), or None if the model had diverged by then; see ``generation_again``."""
    again = generation_again(line, seed, t)
    return None if again is None else again[0]


def generation_again(line: Line, seed: int, t: int) -> tuple[np.ndarray, Any] | None:
    """S_t and G_t of one seed, from its loop run once more up to there: draws have addresses, so both are the same.

    Args:
        line: the cell, of a closed-form family.
        seed: the replicate.
        t: the generation.

    Returns:
        Rows (sample_rows, *event) and the model as the family makes it, its arrays with a leading axis of one seed;
        None if the model had diverged by then.
    """

    def new(generation: int, count: int) -> Rows:
        assert isinstance(line.data, Distribution), "only a distribution gives fresh rows"
        drawn = line.data.fresh((seed,), generation, count)
        return Rows(fresh(generation), (MemoryBlock((fresh(generation), (seed,)), 0, drawn),))

    # A family of its own: what one remembers of a run is not for another.
    family = cast(ClosedForm, registry.family(line.cell.model, line.data))
    crew, shelf = ClosedFormRank(family, (seed,)), MemoryShelf()
    sources = {REAL: Rows(REAL, (MemoryBlock((REAL, (seed,)), 0, line.data.train((seed,))),))}
    uses = Uses.of(line.rules, range(t + 1), family.remembers)
    loop = self_consuming_loop(line.rules, crew, sources, (seed,), range(t + 1), new, lambda generation: shelf, uses)
    rows: Rows | None = None
    for generation in loop:
        rows = generation.rows if generation.t == t else None
    if rows is None:
        return None
    found: np.ndarray = rows.load()[0]
    return (found, crew.state) if np.isfinite(found).all() else None
