"""A unit of a trained family: one seed, one span a generation, so that a killed run goes on where it was."""

from time import perf_counter

import numpy as np

from raysc.errors import RayscError
from raysc.loop import Generation, self_consuming_loop
from raysc.plan import LoopUnit
from raysc.pool.rows import Block, Rows
from raysc.pool.shelf import Shelf, digest
from raysc.regimes.recipe import REAL, Source, synthetic
from raysc.running import records
from raysc.running.bench import Bench, TrainedCrew
from raysc.store import metric_files
from raysc.store.publishing import Attempt, Damaged, Manifest
from raysc.store.spans import END, Span, published_chain


def run(unit: LoopUnit, bench: Bench, crew: TrainedCrew) -> None:
    """Measure and report what is published, then run and publish what is missing."""
    rules, lineage = unit.line.rules, unit.line.keys.lineage
    history = History.read(unit, bench, crew)
    _replay(history, unit, bench)
    if history.ended:
        if len(history.models) == 1:
            _publish_stillborn(unit, bench, history.models[0])
        return
    attempts: dict[int, Attempt] = {}

    def shelf(generation: int) -> Shelf:
        """Rows go where the generation is published in whose turn they are drawn."""
        if generation not in attempts:
            attempts[generation] = Attempt.below(bench.objects, Span(generation, generation, lineage, unit.seeds).place)
        return bench.shelf(attempts[generation])

    generations = range(len(history.models), bench.generations + 1)
    if not generations:
        return
    sources = history.sources({take.source for t in generations for take in rules.recipe(t).takes})
    crew.load(history.models[-1])
    parent = history.models[-1].name
    for generation in self_consuming_loop(rules, crew, sources, unit.seeds, generations, bench.fresh, shelf):
        t = generation.t
        began = perf_counter()
        shelf(t)
        attempt = attempts.pop(t)
        attempt.files.update(crew.save(attempt, training_state=True))
        stored = perf_counter()
        values = bench.measure(generation.rows, bench.metrics if t in bench.measured else ())
        waited = bench.waited if t == generations.start else 0.0
        spent = {"store": stored - began, "measure": perf_counter() - stored}
        seconds = {"wait": waited, **generation.seconds, **spent}
        span = Span(t, END if generation.rows is None else t, lineage, unit.seeds)
        records.put(attempt, records.frame([(generation, seconds)], unit.seeds))
        won = attempt.publish(span.name, {**_about(span, generation, attempt, parent), **bench.provenance})
        history.models.append(span.manifest(bench.objects))
        if not won and generation.rows is not None:
            # Somebody else was first: go on from what counts, not from what we made.
            sources[synthetic(t)] = history.sampled(t)
            crew.load(history.models[t])
        parent = span.name
        bench.write_metrics(lineage, t, [values])
        bench.report_means(t, values)


def _about(span: Span, generation: Generation, attempt: Attempt, parent: str) -> dict[str, object]:
    t = generation.t
    rows = records.told(synthetic(t), generation.rows.blocks, attempt) if generation.rows is not None else []
    extended = records.told(synthetic(t - 1), generation.extended, attempt)
    return {"first": t, "last": span.last, "seeds": span.seeds, "parent": parent, "rows": rows + extended}


def _publish_stillborn(unit: LoopUnit, bench: Bench, zero: Manifest) -> None:
    """G_0 diverged: no later generation can be trained, and all of them count as done."""
    span = Span(1, END, unit.line.keys.lineage, unit.seeds)
    nothing = np.zeros(1, int)
    generation = Generation(1, None, (), nothing, nothing, 0, np.array([True]), float("nan"))
    attempt = Attempt.below(bench.objects, span.place)
    records.put(attempt, records.frame([(generation, {})], unit.seeds))
    attempt.publish(span.name, {**_about(span, generation, attempt, zero.name), **bench.provenance})


class History:
    """What is published of a unit.

    Attributes:
        models: manifests by generation: G_0's, then those of the lineage; the last may be one that diverged.
        ended: whether it is.
    """

    def __init__(self, models: list[Manifest], rows0: Manifest, crew: TrainedCrew, unit: LoopUnit, bench: Bench):
        self.models = models
        self.ended = models[-1].record["last"] >= END
        self._rows0 = rows0
        self._crew = crew
        self._unit = unit
        self._bench = bench

    @classmethod
    def read(cls, unit: LoopUnit, bench: Bench, crew: TrainedCrew) -> "History":
        """Look up what is published; generation 0 must be."""
        keys = unit.line.keys
        assert keys.zero is not None, "generation 0 of a trained family is shared"
        model0 = published_chain(bench.objects, keys.zero.model, unit.seeds, 0)
        rows0 = published_chain(bench.objects, keys.zero.rows, unit.seeds, 0)
        if not model0 or not rows0:
            raise RayscError("generation 0 is missing, since its training failed; run the sweep again")
        later = published_chain(bench.objects, keys.lineage, unit.seeds, 1)
        models = [span.manifest(bench.objects) for span in [model0[0], *later]]
        return cls(models, rows0[0].manifest(bench.objects), crew, unit, bench)

    def sources(self, needed: set[Source]) -> dict[Source, Rows]:
        """The needed rows that exist: the real ones, and all that were sampled."""
        found = {REAL: self._bench.real_rows}
        for source in needed:
            if source.kind == "synthetic" and source.generation < len(self.models):
                t = source.generation
                extensions: tuple[Block, ...] = ()
                if t + 1 < len(self.models):
                    extensions = self._blocks(self.models[t + 1], t)
                found[source] = Rows(source, self.sampled(t).blocks + extensions)
        return found

    def sampled(self, t: int) -> Rows:
        """S_t as it was measured."""
        return self.rows(self._rows0 if t == 0 else self.models[t], t)

    def rows(self, manifest: Manifest, t: int) -> Rows:
        """The rows of generation t that a span holds."""
        return Rows(synthetic(t), self._blocks(manifest, t))

    def _blocks(self, manifest: Manifest, t: int) -> tuple[Block, ...]:
        """Rows in the store are read there; rows that were not kept are drawn again and checked."""
        entries = [entry for entry in manifest.record.get("rows", ()) if entry["generation"] == t]
        if all("file" in entry for entry in entries):
            return tuple(records.stored_block(manifest, entry) for entry in entries)
        self._crew.load(self.models[t])
        attempt = Attempt.below(self._bench.objects, Span(t, t, self._unit.line.keys.lineage, self._unit.seeds).place)
        sample = self._unit.line.rules.sample(t)
        blocks: list[Block] = []
        for entry in entries:
            drawn = self._crew.sample(t, entry["first"], entry["rows"], sample, self._bench.shelf(attempt))
            # Another number of ranks cuts the same rows into other blocks: the values count, not the cuts.
            if digest(np.concatenate([block.load() for block in drawn], axis=1)) != entry["sha256"]:
                raise Damaged(f"{manifest.name}: rows of generation {t} that were drawn again differ from the first")
            blocks.extend(drawn)
        return tuple(blocks)


def _replay(history: History, unit: LoopUnit, bench: Bench) -> None:
    """Report what is published; a metric that is missing there is computed from the stored rows."""
    keys = unit.line.keys
    assert keys.zero is not None, "generation 0 of a trained family is shared"
    for t, manifest in enumerate(history.models):
        if manifest.record["last"] >= END:
            return
        lineage = keys.lineage if t else keys.zero.rows
        lacking = bench.unmeasured(lineage, t)
        if lacking:
            bench.write_metrics(lineage, t, [bench.measure(history.sampled(t), lacking)])
        names = [metric_files.metric_name(key, lineage, unit.seeds, t, t) for key in bench.metrics]
        frames = [metric_files.read(bench.objects, name) for name in names] if t in bench.measured else []
        values = {name: frame.drop(columns=["seed", "generation"]) for name, frame in zip(names, frames, strict=False)}
        bench.report_means(t, {name: {c: f[c].to_numpy() for c in f.columns} for name, f in values.items()})
