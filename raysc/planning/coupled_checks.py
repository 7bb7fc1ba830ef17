"""Checks that the models of a cell can read each other's samples; they run before work starts."""

from raysc import registry
from raysc.metrics.core.metric import AcrossMetric
from raysc.planning.regime_checks import checked_generations
from raysc.planning.resolved import ResolvedCell, ResolvedSweep
from raysc.regimes.recipe import Take
from raysc.sweepfile.sweep import Sweep


def check_coupling(sweep: Sweep, cell: ResolvedCell) -> None:
    """Refuse coupled models that cannot run, of regimes that pass their own checks."""
    if not cell.coupled:
        return
    if len({model.family.trained for model in cell.coupled}) > 1:
        names = ", ".join(dict.fromkeys(model.settings.model.name for model in cell.coupled))
        raise sweep.error(
            "models",
            f"some of {names} are trained in steps and others are fitted by a formula; take models of one kind",
        )
    if sweep.until is not None:
        raise sweep.error("loop.until", "ends seeds of a single model; take it out, or set models.count to 1")
    first = cell.coupled[0]
    for model in cell.coupled[1:]:
        if (model.data.kind, model.data.event) != (first.data.kind, first.data.event):
            raise sweep.error("models", "the rows of all models must have the same kind and shape")
        if model.rules.sample_rows != first.rules.sample_rows:
            raise sweep.error(
                "sample.rows",
                f"all models must sample equally many rows, and these sample {first.rules.sample_rows} and "
                f"{model.rules.sample_rows}; set sample.rows",
            )
    for t in checked_generations(sweep, cell):
        for take in cell.rules.recipe(t).takes:
            _check_take(sweep, cell, take)


def check_single_models(resolved: ResolvedSweep) -> None:
    """Refuse metrics across models if a cell has a single one."""
    if all(cell.coupled for cell in resolved.cells):
        return
    sweep = resolved.sweep
    for metric in sweep.metrics:
        if isinstance(registry.build("metric", metric), AcrossMetric):
            raise sweep.error("metrics", f"{metric.name} compares several models; set models.count, or take it out")


def _check_take(sweep: Sweep, cell: ResolvedCell, take: Take) -> None:
    """A take of samples must not need more rows than a generation shares, nor the probabilities of the reader."""
    sampled, regime = cell.rules.sample_rows, cell.settings.regime.name
    if take.source.kind != "synthetic":
        return
    if take.source_rows > sampled:
        raise sweep.error(
            "sample.rows",
            f"{regime} takes {take.source_rows} rows of a generation, and each model shares the {sampled} that it "
            f"samples first; set sample.rows to at least {take.source_rows}",
        )
    if "scores" in take.needs:
        raise sweep.error(
            "regime", f"{regime} needs scores of candidates under the model that sampled them; set models.count to 1"
        )
