"""Execution of a unit of coupled models: their closed-form loops in step, each published as a lineage of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from raysc.execution import closed_form_unit, records
from raysc.execution.across_models import ModelsCompared, across_metrics
from raysc.execution.early_stopping import EarlyStopping
from raysc.execution.forks import Forks, fork_metrics
from raysc.execution.measurer import ValuesByMetric
from raysc.execution.model_loops import model_loops
from raysc.execution.ranks import ClosedFormRank
from raysc.execution.unit_context import UnitContext
from raysc.loop import Generation
from raysc.planning.resolved import ResolvedCell


@dataclass(frozen=True)
class CoupledModel:
    """One of the models of a unit.

    Attributes:
        cell: its cell.
        context: context of its lineage.
        crew: holds it.
    """

    cell: ResolvedCell
    context: UnitContext
    crew: ClosedFormRank


def run(models: Sequence[CoupledModel]) -> None:
    """Run generations 0 to T of all models of a unit, measure and publish them.

    A lineage that another process published first stays: it has the same values.
    """
    if all(closed_form_unit.is_published(model.cell, model.context) for model in models):
        return
    context = models[0].context
    recordings = [records.Recording() for _ in models]
    values: list[list[ValuesByMetric]] = [[] for _ in models]
    running = np.ones(len(context.seeds), bool)
    every = max(1, -(-(context.generations + 1) // closed_form_unit.REPORTS))
    cells, crews = [model.cell for model in models], [model.crew for model in models]
    real = [model.context.real_rows for model in models]
    forks = None
    if fork_metrics(context.measurer.metrics):
        forks = Forks(cells, real, context.seeds, context.generations)
    for t, generations in enumerate(model_loops(cells, crews, real, context.seeds, context.generations)):
        rows = [None if generation is None else generation.rows for generation in generations]
        across = ModelsCompared(rows, len(context.seeds))
        forked = (
            None if forks is None else forks.advance([(crew.state, of) for crew, of in zip(crews, rows, strict=True)])
        )
        for model, generation, recording, of_model in zip(models, generations, recordings, values, strict=True):
            started = perf_counter()
            measured = _measure(model, generation, t, across)
            of_model.append(measured if forked is None else measured | forked.measure(model.context.measurer, t))
            if generation is not None:
                waited = 0.0 if t else model.context.wait_seconds / len(models)
                seconds = {"wait": waited, **generation.seconds, "measure": perf_counter() - started}
                recording.add(generation, seconds, context.seeds, running)
        if t % every == 0 or t == context.generations:
            for model, of_model in zip(models, values, strict=True):
                model.context.writer.report_means(t, of_model[t])
    for model, recording, of_model in zip(models, recordings, values, strict=True):
        # The loops end once every seed has diverged. Later generations count as done and measured.
        later = range(len(of_model), context.generations + 1)
        of_model += [_measure(model, None, t, ModelsCompared((None,), len(context.seeds))) for t in later]
        closed_form_unit.publish(model.cell, model.context, recording, of_model, EarlyStopping.of(model.context))


def _measure(model: CoupledModel, generation: Generation | None, t: int, across: ModelsCompared) -> ValuesByMetric:
    """Measure a generation of one model, and the metrics that compare it with the others."""
    measurer = model.context.measurer
    metrics: Mapping[str, Any] = {key: measurer.metrics[key] for key in measurer.due(t)}
    compared = across_metrics(metrics)
    of_model = [key for key in metrics if key not in compared]
    rows = None if generation is None else generation.rows
    values = measurer.measure(rows, of_model, (model.crew.family, model.crew.state))
    return values | {key: across.values(metric) for key, metric in compared.items()}
