"""Execution of an initial unit: generation 0 of a trained family, once for all lineages that share it."""

from time import perf_counter

from raysc.execution import records
from raysc.execution.across_models import across_metrics
from raysc.execution.crew import TrainedCrew
from raysc.execution.generation_checkpoints import CheckpointedCrew
from raysc.execution.measurer import without_diverged
from raysc.execution.metric_index import MetricIndex
from raysc.execution.unit_context import UnitContext
from raysc.loop import Generation
from raysc.planning.units import InitialUnit, Snapshot
from raysc.pool.mixing import counts_by_kind, mix
from raysc.pool.rows import Rows
from raysc.pool.training_set import TrainingSet
from raysc.regimes.recipe import REAL, synthetic
from raysc.settings import Sample
from raysc.store.parquet_rows import ParquetBlockStore
from raysc.store.publishing import Attempt, Manifest
from raysc.store.spans import END, Span, published_chain


def run(unit: InitialUnit, context: UnitContext, crew: TrainedCrew) -> None:
    """Train on real rows; at each snapshot's step publish the model, then each set of rows drawn from it.

    Published snapshots are loaded, not trained again.
    """
    rules = unit.cell.rules
    trainer = CheckpointedCrew(crew, context.objects, unit.generation_zero.run, unit.seeds, context.checkpoint_seconds)
    seeds = unit.cell.stream_seeds(unit.seeds)
    training_set = mix(rules.recipe(0), {REAL: context.real_rows}, seeds, 0, rules.sample_rows)
    trained = 0
    for snapshot in unit.snapshots:
        covered = published_chain(context.objects, snapshot.model, unit.seeds, 0)
        span = covered[0] if covered else _train(unit, snapshot, training_set, trained, context, trainer)
        manifest = span.read_manifest(context.objects)
        if span.last < END:
            crew.load(manifest, training_state=True)
            trained = snapshot.steps
        for key, sample in snapshot.rows.items():
            _sample(key, sample, manifest, unit, context, crew)


def _train(
    unit: InitialUnit,
    snapshot: Snapshot,
    training_set: TrainingSet,
    trained: int,
    context: UnitContext,
    trainer: CheckpointedCrew,
) -> Span:
    """Train from step ``trained`` to the snapshot's step and publish G_0."""
    began = perf_counter()
    steps = range(trained, snapshot.steps)
    trainer.model = snapshot.model
    fit = trainer.fit(0, training_set, "current" if trained else "initial", steps, unit.cell.rules.train(0))
    fitted = perf_counter()
    span = Span(0, END if fit.diverged.all() else 0, snapshot.model, unit.seeds)
    attempt = Attempt.start(context.objects, span.path)
    attempt.files.update(trainer.crew.save(attempt, training_state=True))
    rows_real, rows_synthetic = counts_by_kind(training_set, len(unit.seeds))
    generation = Generation(
        0, None, (), rows_real, rows_synthetic, snapshot.steps, fit.diverged, fit.loss,
        weights_moved=fit.weights_moved, skipped_steps=fit.skipped_steps,
    )  # fmt: skip
    seconds = {"wait": 0.0 if trained else context.wait_seconds, "fit": fitted - began}
    seconds["store"] = perf_counter() - fitted
    records.put(attempt, records.frame([(generation, seconds)], unit.seeds))
    manifest = {"first": 0, "last": span.last, "seeds": unit.seeds, **records.sources_of(unit.cell.rules.recipe(0))}
    manifest |= records.diverged(unit.seeds, fit.diverged)
    if not attempt.publish(span.name, {**manifest, **context.provenance}):
        attempt.discard()
    trainer.delete_checkpoints(0)
    return span


def _sample(
    key: str, sample: Sample, model: Manifest, unit: InitialUnit, context: UnitContext, crew: TrainedCrew
) -> None:
    """Draw S_0, measure and publish it. Its record is the model's, with the time of sampling and measuring.

    S_0 is always Parquet, whatever the pool: every lambda and regime starts from it.
    """
    record = records.get(model)
    diverged = bool(record["diverged"].all())
    span = Span(0, END if diverged else 0, key, unit.seeds)
    covered = published_chain(context.objects, key, unit.seeds, 0)
    compared = across_metrics(context.measurer.metrics)  # measured by the loop, which has all models
    missing = [metric for metric in MetricIndex(context, key, unit.seeds).missing(0) if metric not in compared]
    if covered and not missing:
        return
    sampler = CheckpointedCrew(crew, context.objects, key, unit.seeds, context.checkpoint_seconds)
    attempt = Attempt.start(context.objects, span.path)
    began = perf_counter()
    rows = None
    if covered and not diverged:
        rows = records.stored_rows(covered[0].read_manifest(context.objects), 0)
    elif not diverged:
        count = sample.rows or unit.cell.rules.rows
        block_store = ParquetBlockStore(context.objects, attempt.prefix)
        rows = Rows(synthetic(0), sampler.sample(0, 0, count, sample, block_store))
    drawn = perf_counter()
    try:
        measured = context.measurer.measure(rows, missing, crew.model)
        values = without_diverged(measured, record["diverged"].to_numpy(bool))
    finally:  # as in every generation: a metric that fails does not lose the rows
        if not covered:
            seconds = {"seconds_sample": drawn - began, "seconds_measure": perf_counter() - drawn}
            record = record.assign(**seconds, **records.acceptance(rows))
            entries = records.row_entries(synthetic(0), rows.blocks, attempt) if rows else []
            records.put(attempt, record)
            manifest = {"first": 0, "last": span.last, "seeds": unit.seeds, "rows": entries, "parent": model.name}
            manifest |= records.diverged(unit.seeds, record["diverged"].to_numpy())
            if not attempt.publish(span.name, {**manifest, **context.provenance}):
                attempt.discard()
            sampler.delete_checkpoints(0)
    context.writer.write(key, 0, [values])
    context.writer.report_means(0, values)
