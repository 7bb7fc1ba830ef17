"""A unit of a closed-form family: the whole range of generations, published as one span."""

from collections.abc import Mapping
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np

from raysc import catalogue
from raysc.datasets.dataset import Distribution
from raysc.loop import Generation, self_consuming_loop
from raysc.models.family import ClosedForm
from raysc.plan import Line, LoopUnit
from raysc.pool.rows import MemoryBlock, Rows
from raysc.pool.shelf import MemoryShelf, Shelf
from raysc.rank import ClosedFormRank
from raysc.regimes.recipe import REAL, fresh
from raysc.running import records
from raysc.running.bench import Bench, Values
from raysc.running.measured import Measured
from raysc.store.publishing import Attempt
from raysc.store.spans import Span, published_chain

REPORTS = 10
"""Reports to Tune per unit: each costs some milliseconds, as much as a generation."""


def run(unit: LoopUnit, bench: Bench, crew: ClosedFormRank) -> None:
    """Run generations 0 to T, measure, publish.

    Neither rows nor models are kept: a kernel density estimate is all its rows, a Gaussian of 100 dimensions for every
    seed and generation is larger than its rows were, and ``rows_again`` makes both again in milliseconds a generation.
    """
    span = Span(0, bench.generations, unit.line.keys.lineage, unit.seeds)
    covered = published_chain(bench.objects, span.lineage, unit.seeds, 0)
    measured_already = Measured(bench, span.lineage)
    if (
        covered
        and covered[-1].last >= span.last
        and not any(measured_already.lacking(t) for t in range(bench.generations + 1))
    ):
        return  # somebody else was quicker
    shelf = MemoryShelf()

    def in_memory(generation: int) -> Shelf:
        return shelf

    done: list[tuple[Generation, Mapping[str, float]]] = []
    values: list[Mapping[str, Values]] = []
    every = max(1, -(-(bench.generations + 1) // REPORTS))
    generations = range(bench.generations + 1)
    sources = {REAL: bench.real_rows}
    for generation in self_consuming_loop(
        unit.line.rules, crew, sources, unit.seeds, generations, bench.fresh, in_memory, crew.family.remembers
    ):
        began = perf_counter()
        wanted = bench.metrics if generation.t in bench.measured else ()
        measured = bench.measure(generation.rows, wanted, (crew.family, crew.state))
        values.append(measured)
        waited = 0.0 if generation.t else bench.waited
        seconds = {"wait": waited, **generation.seconds, "measure": perf_counter() - began}
        done.append((replace(generation, rows=None, extended=()), seconds))  # what is recorded holds no rows
        if generation.t % every == 0 or generation.t == bench.generations:
            bench.report_means(generation.t, measured)
    # The loop ends once every seed has diverged; later generations count as done, and as measured.
    for t in range(len(values), bench.generations + 1):
        values.append(bench.measure(None, bench.metrics if t in bench.measured else ()))
    attempt = Attempt.below(bench.objects, span.place)
    records.put(attempt, records.frame(done, unit.seeds))
    about = {"first": 0, "last": span.last, "seeds": unit.seeds}
    # The recipe of the last generation stands for all: of accumulate, all of them together are T times as long.
    trained_on = records.sources_of(unit.line.rules.recipe(bench.generations))
    if not attempt.publish(span.name, {**about, **trained_on, **bench.provenance}):
        attempt.drop()
    bench.write_metrics(span.lineage, span.first, values)


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
    family: ClosedForm = catalogue.build("model", line.cell.model)
    crew, shelf = ClosedFormRank(family, (seed,)), MemoryShelf()
    sources = {REAL: Rows(REAL, (MemoryBlock((REAL, (seed,)), 0, line.data.train((seed,))),))}
    loop = self_consuming_loop(
        line.rules, crew, sources, (seed,), range(t + 1), new, lambda generation: shelf, family.remembers
    )
    rows: Rows | None = None
    for generation in loop:
        rows = generation.rows if generation.t == t else None
    if rows is None:
        return None
    found: np.ndarray = rows.load()[0]
    return (found, crew.state) if np.isfinite(found).all() else None
