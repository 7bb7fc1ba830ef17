"""Execution of a unit of a trained family: one span per generation, so that a killed unit continues where it was."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np

from raysc.errors import RayscError
from raysc.execution import records
from raysc.execution.checkpoints import CheckpointedCrew
from raysc.execution.crew import TrainedCrew
from raysc.execution.early_stopping import EarlyStopping
from raysc.execution.history import LISTING_SECONDS, History
from raysc.execution.unit_context import UnitContext
from raysc.loop import Generation, self_consuming_loop
from raysc.planning.units import LoopUnit
from raysc.pool.shelf import Shelf
from raysc.regimes.recipe import synthetic
from raysc.store import host
from raysc.store.publishing import Attempt, DamagedObjectError, Manifest
from raysc.store.retention import droppable_files, dropped_generations, needed_rows, tombstones, write_tombstone
from raysc.store.spans import END, Span

RETENTION_SECONDS = 30.0
"""Seconds between two deletions of what the retention rule drops."""


class Overtaken(Exception):
    """Another process published a generation that this one makes, or was about to make."""


def run(unit: LoopUnit, context: UnitContext, crew: TrainedCrew) -> None:
    """Measure and report published generations, run and publish missing ones.

    Return at once if generation 0 is missing (moved to the trash as damaged); the next plan makes it.
    """
    published_at_damage: set[int] | None = None
    while (history := History.read(unit, context, crew)) is not None:
        try:
            TrainedRun(unit, context, crew, history).run()
            return
        except Overtaken:
            continue  # continue from what the other process published
        except DamagedObjectError:
            # Another process that is further on may have dropped the file since the history was read. Only if nothing
            # new was published since the last attempt is the file really damaged.
            if published_at_damage == set(history.manifests):
                raise
            published_at_damage = set(history.manifests)


@dataclass
class TrainedRun:
    """One pass over the generations of a unit.

    Attributes:
        unit: the unit.
        context: its context.
        crew: trains, samples, saves and loads.
        history: the published generations; generations that this pass publishes are added.
        stopping: ``loop.until``.
    """

    unit: LoopUnit
    context: UnitContext
    crew: TrainedCrew
    history: History
    stopping: EarlyStopping = field(init=False)
    _checkpointed_crew: CheckpointedCrew = field(init=False)
    _retained: float = field(init=False)

    def __post_init__(self) -> None:
        self.stopping = EarlyStopping.of(self.context)
        self._retained = host.current().monotonic()
        lineage = self.unit.cell.keys.lineage
        self._checkpointed_crew = CheckpointedCrew(
            self.crew, self.context.objects, lineage, self.unit.seeds, self.context.checkpoint_seconds
        )

    def run(self) -> None:
        """Go from generation 0 to the last: replay published generations, fill gaps."""
        t, manifests, last = 0, self.history.manifests, self.context.generations
        if self.unit.cell.rules.sample(1).guide is not None:
            self.crew.load_base(manifests[0])
        while t <= last and not self.history.diverged(t - 1) and not self._all_ended:
            if t in manifests:
                self._replay(t)
                t += 1
            else:
                t = self._fill(range(t, min((published for published in manifests if published > t), default=last + 1)))
        if self._all_ended:
            self._publish_end(t)
        if self.history.diverged(0) and 1 not in manifests:
            self._publish_diverged()
        self._retain(finished=True)

    @property
    def _all_ended(self) -> bool:
        """True once no seed runs and ``loop.until`` has ended at least one of them."""
        return bool(self.stopping.ended) and self.stopping.over

    def _replay(self, t: int) -> None:
        """Report and judge a published generation; missing metrics are measured on its stored rows."""
        history, measurer = self.history, self.context.measurer
        if history.diverged(t):
            return
        metrics = history.metrics(t)
        values = metrics.values(t)
        if missing := metrics.missing(t):
            added = self.stopping.complete(measurer.measure(history.sampled(t), missing, history.model(t, missing)))
            writer = replace(self.context.writer, seeds=self.unit.seeds if t else self.unit.generation_zero_seeds)
            writer.write(history.metrics_key(t), t, [added])
            values |= added
        self.context.writer.report_means(t, values)
        self.stopping.judge(t, values, self._diverged_seeds(t))

    def _fill(self, gap: range) -> int:
        """Run and publish missing generations, from the newest generation before them that has its training state.

        Returns:
            The generation after the last one that was run.

        Raises:
            Overtaken: the listing of the store lacked a generation that is published.
            RayscError: published generations would be trained again, and the plan did not say so.
        """
        rules, history, context = self.unit.cell.rules, self.history, self.context
        generations = range(history.restart(gap.start), gap.stop)
        if generations.start < gap.start:
            self._check_refit(generations.start, gap.start)
        attempts = _Attempts(self.unit, context)
        needed = {take.source for t in generations for take in rules.recipe(t).takes}
        sources = history.sources(needed, generations.start)
        continues = self.unit.cell.settings.start == "previous"
        self.crew.load(history.manifests[generations.start - 1], training_state=continues)
        loop = self_consuming_loop(
            rules, self._checkpointed_crew, sources, self.unit.seeds, generations, context.new_rows, attempts.shelf,
            views=context.views(self.crew),
        )  # fmt: skip
        for generation in loop:
            t = generation.t
            if t < gap.start:
                # It is published, but its training state was dropped: it was trained again for later generations.
                if (stored := history.stored(t)) is not None and synthetic(t) in sources:
                    sources[synthetic(t)] = stored
                continue
            self._publish_measured(
                generation, attempts.take(t), context.wait_seconds if t == generations.start else 0.0
            )
            self._retain(finished=False)
            if self._all_ended:
                return t + 1
        return gap.stop

    def _check_refit(self, restart: int, first: int) -> None:
        """Check that published generations ``restart`` to ``first`` - 1 must be trained again to make ``first``.

        The training state before it is missing. Usually a process has published ``first`` and dropped the state, and
        the listing of the store is late.
        """
        if self.history.is_published(first):
            host.current().sleep(LISTING_SECONDS)
            raise Overtaken
        lineage, seeds = self.unit.cell.keys.lineage, self.unit.seeds
        dropped = dropped_generations(self.context.objects, lineage, seeds).get("training_state", 0)
        if dropped >= first - 1 and not self.unit.refits:
            raise RayscError(
                f"the training state of generation {first - 1} was dropped, or was damaged and deleted: generations "
                f"{restart} to {first - 1} would have to be trained again; run it again with --remake if that is wanted"
            )

    def _publish_measured(self, generation: Generation, attempt: Attempt, waited: float) -> None:
        """Save, measure, publish and judge one generation."""
        t, measurer, writer = generation.t, self.context.measurer, self.context.writer
        began = perf_counter()
        attempt.files.update(self.crew.save(attempt, training_state=True))
        stored = perf_counter()
        try:
            measured = measurer.measure(generation.rows, measurer.due(t), self.crew.model)
            values = self.stopping.complete(measured)
        finally:  # a metric that fails, or a rank that dies in one, does not lose the trained generation
            phases = {"store": stored - began, "measure": perf_counter() - stored}
            seconds = {"wait": waited, **generation.seconds, **phases}
            self.history.manifests[t] = self._publish(generation, attempt, seconds)
        writer.write(self.unit.cell.keys.lineage, t, [values])
        writer.report_means(t, values)
        self.stopping.judge(t, values, self._diverged_seeds(t))

    def _diverged_seeds(self, t: int) -> np.ndarray:
        """Return the seeds that had diverged at a published generation, bool (seeds,)."""
        return records.diverged_mask(self.history.manifests[t], self.unit.seeds)

    def _publish(self, generation: Generation, attempt: Attempt, seconds: Mapping[str, float]) -> Manifest:
        """Publish a generation and delete the checkpoints that led to it.

        Raises:
            Overtaken: another process was first; the files of the attempt are deleted.
        """
        t, unit = generation.t, self.unit
        span = Span(t, END if generation.rows is None else t, unit.cell.keys.lineage, unit.seeds)
        records.put(attempt, records.frame([(generation, seconds)], unit.seeds))
        manifest = self._manifest(span, generation, attempt, self.history.manifests[t - 1].name)
        trained_on = records.sources_of(unit.cell.rules.recipe(t))
        won = attempt.publish(span.name, {**manifest, **trained_on, **self.context.provenance})
        self._checkpointed_crew.delete_checkpoints(t)
        if not won:
            attempt.discard()
            raise Overtaken
        return span.read_manifest(self.context.objects)

    def _manifest(self, span: Span, generation: Generation, attempt: Attempt, parent: str) -> dict[str, object]:
        """Describe a generation for its manifest."""
        t = generation.t
        rows = records.row_entries(synthetic(t), generation.rows.blocks, attempt) if generation.rows is not None else []
        extended = records.row_entries(synthetic(t - 1), generation.extended, attempt)
        manifest = {"first": t, "last": span.last, "seeds": span.seeds, "parent": parent, "rows": rows + extended}
        return manifest | records.diverged(span.seeds, generation.diverged)

    def _publish_diverged(self) -> None:
        """Publish that G_0 diverged: no later generation can be trained, and all of them count as done."""
        seeds = self.unit.seeds
        span = Span(1, END, self.unit.cell.keys.lineage, seeds)
        none = np.zeros(len(seeds), int)
        generation = Generation(1, None, (), none, none, 0, none == 0, float("nan"))
        attempt = Attempt.start(self.context.objects, span.path)
        records.put(attempt, records.frame([(generation, {})], seeds))
        manifest = self._manifest(span, generation, attempt, self.history.manifests[0].name)
        if not attempt.publish(span.name, {**manifest, **self.context.provenance}):
            attempt.discard()

    def _publish_end(self, t: int) -> None:
        """Publish that ``loop.until`` ended all seeds before generation t; other sweeps continue from there."""
        span = Span(t, END, self.unit.cell.keys.lineage, self.unit.seeds, self.unit.cell.until)
        manifest = {"first": t, "last": END, "seeds": self.unit.seeds, **records.ended(self.stopping.ended)}
        Attempt.start(self.context.objects, span.path).publish(span.name, {**manifest, **self.context.provenance})

    def _retain(self, finished: bool) -> None:
        """Delete what the retention rule drops; tombstones are written first.

        The newest generation must be on the disk by then: after a power cut, the states before it would be needed. A
        disk takes some time for that, so a unit does it every ``RETENTION_SECONDS`` and at its end.
        """
        history, objects, keep = self.history, self.context.objects, self.context.keep
        manifests = {t: manifest for t, manifest in history.manifests.items() if t >= 1}
        if not manifests:
            return
        last = max(manifests)
        needed = needed_rows(self.unit.cell.rules.recipe, last, self.context.generations)
        files = [manifest.object_name(file) for manifest, file in droppable_files(manifests, keep, needed, finished)]
        files = [file for file in files if file not in history.dropped]
        now = host.current().monotonic()
        if not files or (not finished and now - self._retained < RETENTION_SECONDS):
            return
        self._retained = now
        objects.sync([manifests[last].name, *map(manifests[last].object_name, manifests[last].files)])
        for tombstone in tombstones(self.unit.cell.keys.lineage, self.unit.seeds, keep, last, finished):
            write_tombstone(objects, tombstone)
        objects.delete(files)
        history.dropped.update(files)


class _Attempts:
    """The attempts of generations that are being made: rows go where the generation is published that draws them."""

    def __init__(self, unit: LoopUnit, context: UnitContext) -> None:
        self._unit = unit
        self._context = context
        self._attempts: dict[int, Attempt] = {}

    def shelf(self, generation: int) -> Shelf:
        """Return the shelf in a generation's attempt."""
        return self._context.shelf(self._attempt(generation))

    def take(self, generation: int) -> Attempt:
        """Return a generation's attempt and forget it."""
        attempt = self._attempt(generation)
        del self._attempts[generation]
        return attempt

    def _attempt(self, generation: int) -> Attempt:
        if generation not in self._attempts:
            span = Span(generation, generation, self._unit.cell.keys.lineage, self._unit.seeds)
            self._attempts[generation] = Attempt.start(self._context.objects, span.path)
        return self._attempts[generation]
