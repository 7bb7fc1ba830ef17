"""A unit of a trained family: a seed or a pack, one span a generation, so that a killed run goes on where it was."""

from collections.abc import Mapping
from time import perf_counter

import numpy as np

from raysc.execution import records
from raysc.execution.checkpoints import Checkpointed
from raysc.execution.early_stopping import Ends
from raysc.execution.history import History
from raysc.execution.unit_context import Bench, TrainedCrew
from raysc.loop import Generation, self_consuming_loop
from raysc.planning.plan import LoopUnit
from raysc.pool.shelf import Shelf
from raysc.regimes.recipe import synthetic
from raysc.store.publishing import Attempt, Manifest
from raysc.store.retention import mark, needed_rows, notes, surplus
from raysc.store.spans import END, Span


class Overtaken(Exception):
    """Somebody else published the generation that was just made."""


def run(unit: LoopUnit, bench: Bench, crew: TrainedCrew) -> None:
    """Measure and report what is published, run and publish what is missing.

    Nothing happens if generation 0 is missing: it was found damaged, and the next plan has it made first.
    """
    careful = Checkpointed(crew, bench.objects, unit.line.keys.lineage, unit.seeds, bench.checkpoint_seconds)
    while (history := History.read(unit, bench, careful)) is not None:
        try:
            _walk(history, unit, bench, careful)
            return
        except Overtaken:
            continue  # go on from what counts, not from what we made


def _walk(history: History, unit: LoopUnit, bench: Bench, crew: Checkpointed) -> None:
    """From generation 0 to the last: what is there is replayed, what is missing between is run."""
    t, ends = 0, Ends(bench)
    while t <= bench.generations and not history.ended(t - 1) and not ends.over:
        if t in history.models:
            _replay(history, t, bench, ends)
            t += 1
        else:
            gap = range(t, min((u for u in history.models if u > t), default=bench.generations + 1))
            t = _fill(history, gap, unit, bench, crew, ends)
    if ends.over:
        _publish_end(t, unit, bench, ends)
    if history.ended(0) and 1 not in history.models:
        _publish_stillborn(unit, bench, history)
    _retain(history, unit, bench, finished=True)


def _fill(history: History, gap: range, unit: LoopUnit, bench: Bench, crew: Checkpointed, ends: Ends) -> int:
    """Run and publish generations that are missing, from the newest one before them that training can go on from.

    Returns:
        The generation after the last one that was run.
    """
    rules, lineage = unit.line.rules, unit.line.keys.lineage
    generations = range(history.restart(gap.start), gap.stop)
    attempts: dict[int, Attempt] = {}

    def shelf(generation: int) -> Shelf:
        """Rows go where the generation is published in whose turn they are drawn."""
        if generation not in attempts:
            attempts[generation] = Attempt.below(bench.objects, Span(generation, generation, lineage, unit.seeds).place)
        return bench.shelf(attempts[generation])

    sources = history.sources({take.source for t in generations for take in rules.recipe(t).takes}, generations.start)
    crew.load(history.models[generations.start - 1])
    for generation in self_consuming_loop(rules, crew, sources, unit.seeds, generations, bench.fresh, shelf):
        t = generation.t
        if t < gap.start:
            # It is published, but its training state was dropped: it was trained again for the sake of what follows.
            if (kept := history.stored(t)) is not None and synthetic(t) in sources:
                sources[synthetic(t)] = kept
            continue
        began = perf_counter()
        shelf(t)
        attempt = attempts.pop(t)
        attempt.files.update(crew.save(attempt, training_state=True))
        stored = perf_counter()
        try:
            due = bench.metrics if t in bench.measured else ()
            values = ends.keep(bench.measure(generation.rows, due, crew.model))
        finally:  # where a metric fails, or a rank dies in one, what took long is published all the same
            waited = bench.waited if t == generations.start else 0.0
            spent = {"store": stored - began, "measure": perf_counter() - stored}
            seconds = {"wait": waited, **generation.seconds, **spent}
            history.models[t] = _publish(generation, attempt, seconds, history.models[t - 1].name, unit, bench, crew)
        bench.write_metrics(lineage, t, [values])
        bench.report_means(t, values)
        _retain(history, unit, bench, finished=False)
        ends.judge(t, values, records.diverged_seeds(history.models[t]))
        if ends.over:
            return t + 1
    return gap.stop


def _publish(
    generation: Generation,
    attempt: Attempt,
    seconds: Mapping[str, float],
    parent: str,
    unit: LoopUnit,
    bench: Bench,
    crew: Checkpointed,
) -> Manifest:
    """Publish a generation, and remove the checkpoints that led to it.

    Raises:
        Overtaken: somebody else was first; what was put into the attempt is gone.
    """
    t = generation.t
    span = Span(t, END if generation.rows is None else t, unit.line.keys.lineage, unit.seeds)
    records.put(attempt, records.frame([(generation, seconds)], unit.seeds))
    about = _about(span, generation, attempt, parent)
    trained_on = records.sources_of(unit.line.rules.recipe(t))
    won = attempt.publish(span.name, {**about, **trained_on, **bench.provenance})
    crew.forget(t)
    if not won:
        attempt.drop()
        raise Overtaken
    return span.manifest(bench.objects)


def _about(span: Span, generation: Generation, attempt: Attempt, parent: str) -> dict[str, object]:
    t = generation.t
    rows = records.told(synthetic(t), generation.rows.blocks, attempt) if generation.rows is not None else []
    extended = records.told(synthetic(t - 1), generation.extended, attempt)
    told = {"first": t, "last": span.last, "seeds": span.seeds, "parent": parent, "rows": rows + extended}
    return told | records.diverged(span.seeds, generation.diverged)


def _publish_stillborn(unit: LoopUnit, bench: Bench, history: History) -> None:
    """G_0 diverged: no later generation can be trained, and all of them count as done."""
    span = Span(1, END, unit.line.keys.lineage, unit.seeds)
    nothing = np.zeros(len(unit.seeds), int)
    generation = Generation(1, None, (), nothing, nothing, 0, nothing == 0, float("nan"))
    attempt = Attempt.below(bench.objects, span.place)
    records.put(attempt, records.frame([(generation, {})], unit.seeds))
    attempt.publish(span.name, {**_about(span, generation, attempt, history.models[0].name), **bench.provenance})


def _publish_end(t: int, unit: LoopUnit, bench: Bench, ends: Ends) -> None:
    """Say that for sweeps with this ``loop.until`` all seeds ended before generation t; others go on from there."""
    span = Span(t, END, unit.line.keys.lineage, unit.seeds, unit.line.until)
    about = {"first": t, "last": END, "seeds": unit.seeds, **records.ended(ends.at)}
    Attempt.below(bench.objects, span.place).publish(span.name, {**about, **bench.provenance})


def _replay(history: History, t: int, bench: Bench, ends: Ends) -> None:
    """Report and judge a published generation; what is missing is measured on the stored rows."""
    if history.ended(t):
        return
    measured = history.measured(t)
    values = measured.values(t)
    if lacking := measured.lacking(t):
        added = ends.keep(bench.measure(history.sampled(t), lacking, history.model(t, lacking)))
        bench.write_metrics(history.address(t), t, [added])
        values |= added
    bench.report_means(t, values)
    ends.judge(t, values, records.diverged_seeds(history.models[t]))


def _retain(history: History, unit: LoopUnit, bench: Bench, finished: bool) -> None:
    """Drop what the sweep's ``keep`` lets go."""
    models = {t: manifest for t, manifest in history.models.items() if t >= 1}
    if not models:
        return
    last = max(models)
    needed = needed_rows(unit.line.rules.recipe, last, bench.generations)
    files = [manifest.place(file) for manifest, file in surplus(models, bench.keep, needed, finished)]
    files = [file for file in files if file not in history.dropped]
    for note in notes(unit.line.keys.lineage, unit.seeds, bench.keep, last, finished):
        mark(bench.objects, note)
    bench.objects.delete(files)
    history.dropped.update(files)
