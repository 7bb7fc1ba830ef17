"""Generation 0 of a trained family, once for everybody who shares it."""

from time import perf_counter

from raysc.execution import records
from raysc.execution.checkpoints import Checkpointed
from raysc.execution.metric_index import Measured
from raysc.execution.unit_context import Bench, TrainedCrew
from raysc.loop import Generation
from raysc.planning.plan import InitialUnit, Snapshot
from raysc.pool.mixing import counts_by_kind, mix
from raysc.pool.rows import Rows, TrainingSet
from raysc.regimes.recipe import REAL, synthetic
from raysc.settings import Sample
from raysc.store.parquet_rows import ParquetShelf
from raysc.store.publishing import Attempt, Manifest
from raysc.store.spans import END, Span, published_chain


def run(unit: InitialUnit, bench: Bench, crew: TrainedCrew) -> None:
    """Train on real rows only; at each snapshot's step publish the model, then each set of rows drawn from it.

    What is published already is loaded, not trained again.
    """
    rules = unit.line.rules
    careful = Checkpointed(crew, bench.objects, unit.zero.run, unit.seeds, bench.checkpoint_seconds)
    training_set = mix(rules.recipe(0), {REAL: bench.real_rows}, unit.seeds, 0, rules.sample_rows)
    trained = 0
    for snapshot in unit.snapshots:
        covered = published_chain(bench.objects, snapshot.model, unit.seeds, 0)
        span = covered[0] if covered else _train(unit, snapshot, training_set, trained, bench, careful)
        manifest = span.manifest(bench.objects)
        if span.last < END:
            crew.load(manifest)
            trained = snapshot.steps
        for address, sample in snapshot.rows.items():
            _sample(address, sample, manifest, unit, bench, crew)


def _train(
    unit: InitialUnit, snapshot: Snapshot, training_set: TrainingSet, trained: int, bench: Bench, crew: Checkpointed
) -> Span:
    """Go on with the run to the snapshot's step and publish G_0."""
    began = perf_counter()
    steps = range(trained, snapshot.steps)
    fit = crew.fit(0, training_set, "held" if trained else "initial", steps, unit.line.rules.train(0))
    fitted = perf_counter()
    span = Span(0, END if fit.diverged.all() else 0, snapshot.model, unit.seeds)
    attempt = Attempt.below(bench.objects, span.place)
    attempt.files.update(crew.save(attempt, training_state=True))
    rows_real, rows_synthetic = counts_by_kind(training_set, len(unit.seeds))
    generation = Generation(0, None, (), rows_real, rows_synthetic, snapshot.steps, fit.diverged, fit.loss)
    seconds = {"wait": 0.0 if trained else bench.waited, "fit": fitted - began, "store": perf_counter() - fitted}
    records.put(attempt, records.frame([(generation, seconds)], unit.seeds))
    about = {"first": 0, "last": span.last, "seeds": unit.seeds, **records.sources_of(unit.line.rules.recipe(0))}
    about |= records.diverged(unit.seeds, fit.diverged)
    if not attempt.publish(span.name, {**about, **bench.provenance}):
        attempt.drop()
    crew.forget(0)
    return span


def _sample(address: str, sample: Sample, model: Manifest, unit: InitialUnit, bench: Bench, crew: TrainedCrew) -> None:
    """Draw S_0, measure it, publish it; its record is the model's with the time that sampling took added.

    S_0 is always Parquet, whatever the pool: every lambda and regime starts from it.
    """
    record = records.get(model)
    diverged = bool(record["diverged"].all())
    span = Span(0, END if diverged else 0, address, unit.seeds)
    covered = published_chain(bench.objects, address, unit.seeds, 0)
    lacking = Measured(bench, address).lacking(0)
    if covered and not lacking:
        return
    attempt = Attempt.below(bench.objects, span.place)
    began = perf_counter()
    rows = None
    if covered and not diverged:
        rows = records.stored_rows(covered[0].manifest(bench.objects), 0)
    elif not diverged:
        count = sample.rows or unit.line.rules.rows
        shelf = ParquetShelf(bench.objects, attempt.prefix)
        rows = Rows(synthetic(0), crew.sample(0, 0, count, sample, shelf))
    drawn = perf_counter()
    try:
        values = bench.measure(rows, lacking, crew.model)
    finally:  # as in every generation: what was drawn is published though a metric fails
        if not covered:
            seconds = {"seconds_sample": drawn - began, "seconds_measure": perf_counter() - drawn}
            record = record.assign(**seconds, **records.acceptance(rows))
            told = records.told(synthetic(0), rows.blocks, attempt) if rows else []
            records.put(attempt, record)
            about = {"first": 0, "last": span.last, "seeds": unit.seeds, "rows": told, "parent": model.name}
            about |= records.diverged(unit.seeds, record["diverged"].to_numpy())
            if not attempt.publish(span.name, {**about, **bench.provenance}):
                attempt.drop()
    bench.write_metrics(address, 0, [values])
    bench.report_means(0, values)
