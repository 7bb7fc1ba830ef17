"""Execution of a unit of coupled models that are trained in steps: all make a generation before any makes the next one.

Each model has a lineage, a crew and a history. Its generation t is published as soon as it is made, so a killed unit
continues at the least generation that a model lacks, and makes only what is missing. The rows that the models read in
the place of their own follow from the samples of all models and from addressed draws, so they are not stored.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from raysc.datasets.views import CandidateViews
from raysc.execution.across_models import ModelsCompared, across_metrics
from raysc.execution.crew import TrainedCrew
from raysc.execution.generation_checkpoints import CheckpointedCrew
from raysc.execution.history import History
from raysc.execution.measurer import without_diverged
from raysc.execution.model_loops import new_rows
from raysc.execution.trained_lineage import Attempts, Retention, TrainedLineage, run_passes
from raysc.execution.unit_context import UnitContext
from raysc.loop import Fit, Generation, StartWeights, self_consuming_loop
from raysc.planning.needed_fits import GenerationOfModel, models_read, needed_fits, synthetic_sources
from raysc.planning.units import LoopUnit
from raysc.pool.block_store import BlockStore
from raysc.pool.blocks import Block
from raysc.pool.exchange import read_samples, reads_diverged
from raysc.pool.mixing import has_marks
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL, Source, synthetic
from raysc.settings import Sample, Train
from raysc.store.publishing import Attempt


@dataclass(frozen=True)
class CoupledTrainedModel:
    """One of the models of a unit.

    Attributes:
        unit: the unit, of this model.
        context: context of its lineage.
        crew: holds it.
    """

    unit: LoopUnit
    context: UnitContext
    crew: TrainedCrew


@dataclass
class ReadingCrew:
    """The crew of a model that reads samples of others: a seed whose training set has rows of diverged seeds diverges.

    A model all of whose seeds do is not trained.

    Attributes:
        crew: trains and samples.
        diverged: training set -> bool (seeds,): seeds that have diverged, or whose rows have.
        load: lets the crew hold the model of the generation before.
        trained: True once the model was trained.
    """

    crew: CheckpointedCrew
    diverged: Callable[[TrainingSet], np.ndarray]
    load: Callable[[], None]
    trained: bool = False

    def fit(
        self, generation: int, training_set: TrainingSet, start: StartWeights, steps: range, train: Train,
        length: int | None = None,
    ) -> Fit:  # fmt: skip
        """Train over ``steps``, unless all seeds have diverged."""
        diverged = self.diverged(training_set)
        if diverged.all():
            return Fit(diverged)
        self.load()
        self.crew.crew.mark_diverged(diverged)
        self.trained = True
        return self.crew.fit(generation, training_set, start, steps, train, length)

    def sample(
        self, generation: int, first: int, count: int, sample: Sample, block_store: BlockStore
    ) -> tuple[Block, ...]:
        """Draw rows."""
        return self.crew.sample(generation, first, count, sample, block_store)


def run(models: Sequence[CoupledTrainedModel]) -> None:
    """Measure and report published generations of all models, run and publish missing ones.

    Return at once if a generation 0 is missing (moved to the trash as damaged); the next plan makes it.
    """

    def read() -> list[TrainedLineage] | None:
        lineages = []
        for model in models:
            history = History.read(model.unit, model.context, model.crew)
            if history is None:
                return None
            lineages.append(TrainedLineage(model.unit, model.context, model.crew, history))
        return lineages

    run_passes(read, lambda lineages: CoupledRun(lineages).run())


class CoupledRun:
    """One pass over the generations of coupled models."""

    def __init__(self, lineages: Sequence[TrainedLineage]) -> None:
        """Begin before generation 0.

        Args:
            lineages: of all models, in order.
        """
        self._lineages = lineages
        self._retention = Retention(lineages)
        self._last = lineages[0].context.generations
        self._stream_seeds = [lineage.unit.cell.stream_seeds(lineage.unit.seeds) for lineage in lineages]
        self._waited = lineages[0].context.wait_seconds
        self._rows: list[dict[int, Rows | None]] = [{} for _ in lineages]
        # Generation whose training state each crew holds.
        self._held: list[int | None] = [None] * len(lineages)

    def run(self) -> None:
        """Go from generation 0 to the last: replay published generations, make missing ones."""
        for lineage in self._lineages:
            lineage.load_base()
        for t in range(self._last + 1):
            running = [model for model, lineage in enumerate(self._lineages) if not lineage.history.has_diverged(t - 1)]
            if missing := [model for model in running if t not in self._lineages[model].history.manifests]:
                self._make(t, missing)
            published = set(running) - set(missing)
            for model in published:
                if self._lineages[model].replay(t):
                    self._held[model] = None  # a metric may have loaded another state
            self._compare(t)
            self._forget(t if published else t + 1)  # a published one may be trained again for its rows
            self._retention.apply(finished=False)
        for lineage in self._lineages:
            if lineage.history.diverged(0) and 1 not in lineage.history.manifests:
                lineage.publish_diverged_initial()
        self._retention.apply(finished=True)

    def _make(self, t: int, missing: Sequence[int]) -> None:
        """Make and publish generation t of the models that lack it.

        Published generations are trained again only where the training state that a model continues from is lost, or
        rows that a model reads are neither stored nor can be drawn again.
        """
        fits = self._needed_fits(t, missing)
        while self._draw_again(fits):  # that needs the crews, which may lose states
            fits = self._needed_fits(t, missing)
        for model in missing:
            first = min(generation for generation, fitted in fits if fitted == model)
            if first < t:
                self._lineages[model].check_refit(first, t)
        for generation, model in fits:
            self._train(model, generation, publishes=generation == t)

    def _needed_fits(self, t: int, missing: Sequence[int]) -> list[GenerationOfModel]:
        """Return the fits that lead to generation t of the models that lack it, in order."""
        cells = [lineage.unit.cell for lineage in self._lineages]
        return needed_fits([(t, model) for model in missing], cells, self._has_training_state, self._has_rows)

    def _draw_again(self, fits: Sequence[GenerationOfModel]) -> bool:
        """Draw the rows that fits read, that no fit makes and that are not in memory; return True if there were any."""
        absent: set[GenerationOfModel] = set()
        for t, model in fits:
            cell = self._lineages[model].unit.cell
            absent |= {(source, read) for source in synthetic_sources(cell, t) for read in models_read(cell)}
        absent = {(t, model) for t, model in absent.difference(fits) if t not in self._rows[model]}
        for t, model in sorted(absent):
            self._sampled(model, t)
        return bool(absent)

    def _has_training_state(self, t: int, model: int) -> bool:
        return self._held[model] == t or self._lineages[model].history.has_training_state(t)

    def _has_rows(self, t: int, model: int) -> bool:
        history = self._lineages[model].history
        return t in self._rows[model] or history.has_diverged(t) or history.has_rows(t)

    def _train(self, model: int, t: int, publishes: bool) -> None:
        """Train generation t of a model on what it reads, and sample it.

        A seed whose training set has a row of a diverged seed diverges: such rows may be black images, which a fit
        would take for real ones.
        """
        lineage = self._lineages[model]
        unit, history = lineage.unit, lineage.history
        if history.has_diverged(t):
            return
        sources = {REAL: lineage.context.real_rows}
        sources |= {synthetic(source): self._read(model, source) for source in synthetic_sources(unit.cell, t)}
        attempts = Attempts(unit, lineage.context)
        crew = ReadingCrew(
            lineage.checkpointed_crew,
            lambda training_set: self._diverged(model, t, training_set, sources),
            lambda: self._load(model, t - 1),
        )
        loop = self_consuming_loop(
            unit.cell.rules, crew, sources, self._stream_seeds[model], range(t, t + 1),
            partial(new_rows, unit.cell, unit.seeds), attempts.block_store,
            views=CandidateViews(unit.cell.data, lineage.crew.scores),
        )  # fmt: skip
        generation = next(loop)
        if not crew.trained:
            self._rows[model][t] = None
            lineage.publish_diverged(generation, attempts.take(t))
            return
        self._held[model] = t
        if publishes:
            self._publish(model, generation, attempts.take(t))
        else:
            stored = history.stored(t)
            self._rows[model][t] = generation.rows if stored is None else stored

    def _load(self, model: int, t: int) -> None:
        """Let the crew of a model hold its generation t."""
        if self._held[model] != t:
            lineage = self._lineages[model]
            continues = lineage.unit.cell.settings.start == "previous"
            lineage.crew.load(lineage.history.manifests[t], training_state=continues)

    def _diverged(self, model: int, t: int, training_set: TrainingSet, sources: Mapping[Source, Rows]) -> np.ndarray:
        """Return the seeds, bool (seeds,), that have diverged before generation t of a model, or whose rows have.

        Args:
            model: the model.
            t: the generation.
            training_set: what it trains on.
            sources: where the rows of the training set are from.
        """
        lineage = self._lineages[model]
        rules, coupling = lineage.unit.cell.rules, lineage.unit.cell.settings.coupling
        assert coupling is not None, "the models of the unit are coupled"
        diverged, marks = lineage.diverged_seeds(t - 1), {}
        for source in (source for source in sources if source.kind == "synthetic"):
            of_models = [other.diverged_seeds(source.generation) for other in self._lineages]
            if np.any(of_models):
                marks[source] = reads_diverged(
                    coupling, of_models, rules.sample_rows, source.generation, self._stream_seeds
                )
        if not marks:
            return diverged
        seeds = self._stream_seeds[model]
        return np.asarray(diverged | has_marks(rules.recipe(t), training_set, sources, marks, seeds, rules.sample_rows))

    def _publish(self, model: int, generation: Generation, attempt: Attempt) -> None:
        self._rows[model][generation.t] = generation.rows
        self._lineages[model].publish_measured(generation, attempt, self._waited)
        self._waited = 0.0

    def _read(self, model: int, t: int) -> Rows:
        """Return the rows that stand for S_t in the training sets of a model."""
        cell = self._lineages[model].unit.cell
        coupling, read = cell.settings.coupling, models_read(cell)
        assert coupling is not None, "the models of the unit are coupled"
        sampled = [self._sampled(other, t) if other in read else None for other in range(coupling.count)]
        return read_samples(coupling, sampled, t, self._stream_seeds)

    def _all_sampled(self, t: int) -> list[Rows | None]:
        """Return S_t of every model; None where all seeds have diverged. Rows that are not stored are drawn again."""
        return [self._sampled(model, t) for model in range(len(self._lineages))]

    def _sampled(self, model: int, t: int) -> Rows | None:
        history, rows = self._lineages[model].history, self._rows[model]
        if t not in rows:
            rows[t] = None if history.has_diverged(t) else history.sampled(t)
            self._held[model] = None  # the crew may have drawn the rows again from an earlier state
        return rows[t]

    def _compare(self, t: int) -> None:
        """Measure the metrics of generation t that compare the models, as far as they are missing."""
        compared = None
        for lineage in self._lineages:
            metrics = across_metrics(lineage.context.measurer.metrics)
            if lineage.history.has_diverged(t):
                continue
            if missing := [key for key in lineage.history.metrics(t).missing(t) if key in metrics]:
                compared = compared or ModelsCompared(self._all_sampled(t), len(lineage.unit.seeds))
                values = {key: compared.values(metrics[key]) for key in missing}
                diverged = np.any([of_model.diverged_seeds(t) for of_model in self._lineages], axis=0)
                lineage.write(t, without_diverged(values, diverged))

    def _forget(self, first: int) -> None:
        """Drop the rows that no generation from ``first`` on trains on."""
        cells = [lineage.unit.cell for lineage in self._lineages]
        upcoming = range(first, self._last + 1)
        needed = {source for later in upcoming for cell in cells for source in synthetic_sources(cell, later)}
        for rows in self._rows:
            for generation in rows.keys() - needed:
                del rows[generation]
