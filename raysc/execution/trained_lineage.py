"""A lineage of a trained family, as its unit works on it: published generations, and the publishing of new ones."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from time import perf_counter

import numpy as np

from raysc.errors import RayscError
from raysc.execution import records
from raysc.execution.across_models import across_metrics
from raysc.execution.crew import TrainedCrew
from raysc.execution.early_stopping import EarlyStopping
from raysc.execution.generation_checkpoints import CheckpointedCrew
from raysc.execution.history import LISTING_SECONDS, History
from raysc.execution.measurer import ValuesByMetric, without_diverged
from raysc.execution.unit_context import UnitContext
from raysc.loop import Generation
from raysc.planning.units import LoopUnit
from raysc.pool.block_store import BlockStore
from raysc.regimes.recipe import synthetic
from raysc.store import host
from raysc.store.publishing import Attempt, DamagedObjectError, Manifest
from raysc.store.retention import droppable_files, dropped_generations, needed_rows, tombstones, write_tombstone
from raysc.store.spans import END, Span

RETENTION_SECONDS = 30.0
"""Seconds between two deletions of what the retention rule drops."""


class Overtaken(Exception):
    """Another process published a generation that this one makes, or was about to make."""


@dataclass
class TrainedLineage:
    """The lineage of a unit, or of one of its coupled models.

    Attributes:
        unit: the unit, of this model.
        context: its context.
        crew: trains, samples, saves and loads.
        history: the published generations; generations that this process publishes are added.
        stopping: ``loop.until``.
        checkpointed_crew: the crew, with checkpoints within a generation.
    """

    unit: LoopUnit
    context: UnitContext
    crew: TrainedCrew
    history: History
    stopping: EarlyStopping = field(init=False)
    checkpointed_crew: CheckpointedCrew = field(init=False)

    def __post_init__(self) -> None:
        self.stopping = EarlyStopping.of(self.context)
        lineage = self.unit.cell.keys.lineage
        self.checkpointed_crew = CheckpointedCrew(
            self.crew, self.context.objects, lineage, self.unit.seeds, self.context.checkpoint_seconds
        )

    def load_base(self) -> None:
        """Load generation 0's model, if it guides the samples of later ones."""
        if self.unit.cell.rules.sample(1).guide is not None:
            self.crew.load_base(self.history.manifests[0])

    def replay(self, t: int) -> bool:
        """Report and judge a published generation; missing metrics are measured on its stored rows.

        Returns:
            True if metrics were missing: the crew may hold another model then.
        """
        history, measurer = self.history, self.context.measurer
        if history.diverged(t):
            return False
        metrics = history.metrics(t)
        values = metrics.values(t)
        if missing := self._of_model(metrics.missing(t)):
            measured = measurer.measure(history.sampled(t), missing, history.model(t, missing))
            added = self.stopping.complete(without_diverged(measured, self.diverged_seeds(t)))
            self.write(t, added)
            values |= added
        self.context.writer.report_means(t, values)
        self.stopping.judge(t, values, self.diverged_seeds(t))
        return bool(missing)

    def write(self, t: int, values: ValuesByMetric) -> None:
        """Publish metrics of a published generation."""
        writer = replace(self.context.writer, seeds=self.unit.seeds if t else self.unit.generation_zero_seeds)
        writer.write(self.history.metrics_key(t), t, [values])

    def _of_model(self, metrics: Iterable[str]) -> list[str]:
        """Return the metrics of a single model; those that compare models are measured once all of them are made."""
        compared = across_metrics(self.context.measurer.metrics)
        return [metric for metric in metrics if metric not in compared]

    def check_refit(self, restart: int, first: int) -> None:
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

    def publish_measured(self, generation: Generation, attempt: Attempt, waited: float) -> None:
        """Save, measure, publish and judge one generation."""
        t, measurer, writer = generation.t, self.context.measurer, self.context.writer
        began = perf_counter()
        attempt.files.update(self.crew.save(attempt, training_state=True))
        stored = perf_counter()
        try:
            measured = measurer.measure(generation.rows, self._of_model(measurer.due(t)), self.crew.model)
            values = self.stopping.complete(without_diverged(measured, generation.diverged))
        finally:  # a metric that fails, or a rank that dies in one, does not lose the trained generation
            phases = {"store": stored - began, "measure": perf_counter() - stored}
            seconds = {"wait": waited, **generation.seconds, **phases}
            self.history.manifests[t] = self._publish(generation, attempt, seconds)
        writer.write(self.unit.cell.keys.lineage, t, [values])
        writer.report_means(t, values)
        self.stopping.judge(t, values, self.diverged_seeds(t))

    def diverged_seeds(self, t: int) -> np.ndarray:
        """Return the seeds that had diverged at a published generation, bool (seeds,)."""
        if self.history.has_diverged(t):
            return np.ones(len(self.unit.seeds), bool)
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
        self.checkpointed_crew.delete_checkpoints(t)
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

    def publish_diverged_initial(self) -> None:
        """Publish that generation 1 cannot be trained, since all seeds of generation 0 have diverged."""
        none = np.zeros(len(self.unit.seeds), int)
        span = Span(1, END, self.unit.cell.keys.lineage, self.unit.seeds)
        generation = Generation(1, None, (), none, none, 0, none == 0, float("nan"))
        self.publish_diverged(generation, Attempt.start(self.context.objects, span.path))

    def publish_diverged(self, generation: Generation, attempt: Attempt) -> None:
        """Publish a generation that was not trained, since it needs rows or weights that have diverged.

        Later generations count as done, too.

        Args:
            generation: the generation, whose seeds have all diverged.
            attempt: has the rows that its training set needed beyond those of the generation before.
        """
        t, seeds, objects = generation.t, self.unit.seeds, self.context.objects
        span = Span(t, END, self.unit.cell.keys.lineage, seeds)
        records.put(attempt, records.frame([(generation, {})], seeds))
        manifest = self._manifest(span, generation, attempt, self.history.manifests[t - 1].name)
        if not attempt.publish(span.name, {**manifest, **self.context.provenance}):
            attempt.discard()
        self.history.manifests[t] = span.read_manifest(objects)

    def publish_end(self, t: int) -> None:
        """Publish that ``loop.until`` ended all seeds before generation t; other sweeps continue from there."""
        span = Span(t, END, self.unit.cell.keys.lineage, self.unit.seeds, self.unit.cell.until)
        manifest = {"first": t, "last": END, "seeds": self.unit.seeds, **records.ended(self.stopping.ended)}
        Attempt.start(self.context.objects, span.path).publish(span.name, {**manifest, **self.context.provenance})

    @property
    def last(self) -> int:
        """The newest generation up to which all are published: states before a gap are needed to fill it."""
        return next(t for t in count() if t + 1 not in self.history.manifests)

    @property
    def has_diverged(self) -> bool:
        """True if no generation follows, since all seeds have diverged."""
        return self.history.diverged(self.last)

    def droppable(self, last: int, needed: Collection[int], finished: bool) -> list[str]:
        """Return the names of the files that the retention rule drops and that were not dropped yet.

        Args:
            last: the newest generation that counts.
            needed: generations whose rows a further generation would train on.
            finished: True if the unit runs no further generation now.
        """
        models = {t: manifest for t, manifest in self.history.manifests.items() if 1 <= t <= last}
        files = droppable_files(models, self.context.keep, needed, finished)
        names = (manifest.object_name(file) for manifest, file in files)
        return [name for name in names if name not in self.history.dropped]

    def sync(self, last: int) -> None:
        """Wait until a generation is on the disk."""
        manifest = self.history.manifests[last]
        self.context.objects.sync([manifest.name, *map(manifest.object_name, manifest.files)])

    def drop(self, files: Collection[str], last: int, finished: bool) -> None:
        """Delete files of ``droppable``; tombstones are written first."""
        objects, keep = self.context.objects, self.context.keep
        for tombstone in tombstones(self.unit.cell.keys.lineage, self.unit.seeds, keep, last, finished):
            write_tombstone(objects, tombstone)
        objects.delete(files)
        self.history.dropped.update(files)


class Retention:
    """Retention of the lineages of a unit. Coupled models drop nothing that one of them needs to catch up.

    The newest generation must be on the disk before anything is deleted: after a power cut, the states before it would
    be needed. A disk takes some time for that, so a unit does it every ``RETENTION_SECONDS`` and at its end.
    """

    def __init__(self, lineages: Sequence[TrainedLineage]) -> None:
        """Begin to count the seconds."""
        self._lineages = lineages
        self._applied = host.current().monotonic()

    def apply(self, finished: bool) -> None:
        """Delete what the retention rule drops up to the newest generation that all models have."""
        lineages, now = self._lineages, host.current().monotonic()
        reached = [lineage.last for lineage in lineages if not lineage.has_diverged]
        last = min(reached, default=max(lineage.last for lineage in lineages))
        recipes = [lineage.unit.cell.rules.recipe for lineage in lineages]
        needed = needed_rows(recipes, last, lineages[0].context.generations)
        files = [lineage.droppable(last, needed, finished) for lineage in lineages]
        if not any(files) or (not finished and now - self._applied < RETENTION_SECONDS):
            return
        self._applied = now
        for lineage in lineages:
            lineage.sync(min(last, lineage.last))
        for lineage, of_lineage in zip(lineages, files, strict=True):
            if of_lineage:
                lineage.drop(of_lineage, min(last, lineage.last), finished)


class Attempts:
    """The attempts of generations that are being made: rows go where the generation is published that draws them."""

    def __init__(self, unit: LoopUnit, context: UnitContext) -> None:
        self._unit = unit
        self._context = context
        self._attempts: dict[int, Attempt] = {}

    def block_store(self, generation: int) -> BlockStore:
        """Return the block store in a generation's attempt."""
        return self._context.block_store(self._attempt(generation))

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


def run_passes(
    read: Callable[[], Sequence[TrainedLineage] | None], work: Callable[[Sequence[TrainedLineage]], None]
) -> None:
    """Work on the lineages of a unit until a pass over their generations succeeds.

    Args:
        read: reads the histories of the lineages; None if a generation 0 is missing (moved to the trash as damaged).
            Then the next plan makes it.
        work: one pass.
    """
    published_at_damage: list[set[int]] | None = None
    while (lineages := read()) is not None:
        try:
            work(lineages)
            return
        except Overtaken:
            continue  # continue from what the other process published
        except DamagedObjectError:
            # Another process that is further on may have dropped the file since the history was read. Only if nothing
            # new was published since the last attempt is the file really damaged.
            published = [set(lineage.history.manifests) for lineage in lineages]
            if published_at_damage == published:
                raise
            published_at_damage = published
