"""A unit of a closed-form family: the whole range of generations, published as one span."""

from collections.abc import Mapping
from time import perf_counter

import numpy as np
import safetensors.numpy

from raysc.loop import Generation, self_consuming_loop
from raysc.plan import LoopUnit
from raysc.pool.shelf import MemoryShelf, Shelf
from raysc.rank import ClosedFormRank
from raysc.regimes.recipe import REAL
from raysc.running import records
from raysc.running.bench import Bench, Values
from raysc.running.measured import Measured
from raysc.store.publishing import Attempt
from raysc.store.spans import Span, published_chain

STATES = "states.safetensors"
REPORTS = 10
"""Reports to Tune per unit: each costs some milliseconds, as much as a generation."""


def run(unit: LoopUnit, bench: Bench, crew: ClosedFormRank) -> None:
    """Run generations 0 to T, measure, publish. Rows are not kept: they take milliseconds to draw again."""
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
    states: list[dict[str, np.ndarray]] = []
    every = max(1, -(-(bench.generations + 1) // REPORTS))
    generations = range(bench.generations + 1)
    sources = {REAL: bench.real_rows}
    for generation in self_consuming_loop(
        unit.line.rules, crew, sources, unit.seeds, generations, bench.fresh, in_memory
    ):
        began = perf_counter()
        measured = bench.measure(generation.rows, bench.metrics if generation.t in bench.measured else ())
        values.append(measured)
        states.append(crew.state)
        waited = 0.0 if generation.t else bench.waited
        done.append((generation, {"wait": waited, **generation.seconds, "measure": perf_counter() - began}))
        if generation.t % every == 0 or generation.t == bench.generations:
            bench.report_means(generation.t, measured)
    # The loop ends once every seed has diverged; later generations count as done, and as measured.
    for t in range(len(values), bench.generations + 1):
        values.append(bench.measure(None, bench.metrics if t in bench.measured else ()))
    attempt = Attempt.below(bench.objects, span.place)
    began = perf_counter()
    stacked = {name: np.stack([state[name] for state in states]) for name in states[0]}
    attempt.put(STATES, safetensors.numpy.save(stacked))
    store = (perf_counter() - began) / len(done)
    records.put(attempt, records.frame([(g, {**seconds, "store": store}) for g, seconds in done], unit.seeds))
    if not attempt.publish(span.name, {"first": 0, "last": span.last, "seeds": unit.seeds, **bench.provenance}):
        attempt.drop()
    bench.write_metrics(span.lineage, span.first, values)
