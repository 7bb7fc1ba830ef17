"""Execution in this process, without Ray: for tests, for timing units, and for ``raysc sweep --debug``."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from raysc import registry
from raysc.execution import closed_form_unit, coupled_trained_unit, coupled_unit, initial_unit, trained_unit
from raysc.execution.coupled_trained_unit import CoupledTrainedModel
from raysc.execution.coupled_unit import CoupledModel
from raysc.execution.measurer import Measurer
from raysc.execution.metric_writer import MetricWriter
from raysc.execution.ranks import ClosedFormRank, TrainedRank
from raysc.execution.unit_context import UnitContext
from raysc.metrics.core.features import Extractor
from raysc.metrics.core.measure import RealSets
from raysc.models.family import ClosedFormFamily, TrainedFamily
from raysc.planning.resolved import measured_generations_of, metric_keys
from raysc.planning.units import InitialUnit, LoopUnit, Unit
from raysc.pool.block_store import BlockStore, MemoryBlockStore
from raysc.pool.blocks import MemoryBlock
from raysc.regimes.recipe import REAL
from raysc.store.objects import Objects
from raysc.store.publishing import Attempt
from raysc.sweepfile.sweep import Sweep

Report = Callable[[Mapping[str, Any]], None]
"""A function that takes a generation's columns, each as the mean over seeds."""


def context_in_process(
    sweep: Sweep,
    objects: Objects,
    unit: Unit,
    block_store: Callable[[Attempt], BlockStore] = lambda attempt: MemoryBlockStore(),
    report: Report = lambda columns: None,
    extractors: Mapping[str, Extractor] | None = None,
) -> UnitContext:
    """Build the context of a unit in this process.

    Args:
        sweep: the sweep of the unit.
        objects: the store in which it is published.
        unit: of any family.
        block_store: attempt -> the block store for its rows.
        report: called with the columns of generations.
        extractors: networks that compute features, by name.
    """
    cell = unit.cell
    train = cell.data.train(cell.data_seeds(unit.seeds))
    measurer = Measurer(
        metrics={key: registry.build("metric", metric) for key, metric in metric_keys(sweep, cell).items()},
        generations=frozenset(measured_generations_of(sweep, cell)),
        data=cell.data,
        real=RealSets(cell.data.kind, train, cell.data.test(), extractors or {}, cell.data),
        seeds=len(unit.seeds),
        until=sweep.until,
    )
    return UnitContext(
        objects=objects,
        generations=cell.generations,
        seeds=unit.seeds,
        data=cell.data,
        real_block=MemoryBlock((REAL, unit.seeds), 0, train),
        measurer=measurer,
        writer=MetricWriter(objects, unit.seeds, report),
        block_store=block_store,
        provenance={},
        keep=sweep.keep,
        checkpoint_seconds=60 * sweep.resources.checkpoint_minutes,
    )


def run_unit(unit: Unit, make_context: Callable[[Unit], UnitContext]) -> None:
    """Run a unit to its end on one rank in this process.

    Args:
        unit: the unit.
        make_context: builds the context of the unit, or of the unit of one of its coupled models.
    """
    family = unit.cell.family
    if not family.trained:
        assert isinstance(unit, LoopUnit), "closed-form families make their own generation 0"
        _run_closed_form(unit, make_context)
        return
    if isinstance(unit, LoopUnit) and unit.cell.coupled:
        models = [CoupledTrainedModel(model, make_context(model), _trained_rank(model)) for model in unit.models]
        try:
            coupled_trained_unit.run(models)
        finally:
            for model in models:
                model.crew.close()
        return
    context, crew = make_context(unit), _trained_rank(unit)
    try:
        if isinstance(unit, InitialUnit):
            initial_unit.run(unit, context, crew)
        else:
            trained_unit.run(unit, context, crew)
    finally:
        crew.close()


def _trained_rank(unit: Unit) -> TrainedRank:
    """Return the only rank of a trained unit of a single model."""
    cell = unit.cell
    family = cast(TrainedFamily, cell.family)
    return TrainedRank(family, unit.seeds, cell.data.event, model_number=cell.model_number)


def _run_closed_form(unit: LoopUnit, make_context: Callable[[Unit], UnitContext]) -> None:
    """Run a closed-form unit, of a single model or of coupled ones."""
    models = []
    for model in unit.models:
        family = cast(ClosedFormFamily, model.cell.family)
        crew = ClosedFormRank(family, model.cell.stream_seeds(unit.seeds))
        models.append(CoupledModel(model.cell, make_context(model), crew))
    if len(models) > 1:
        coupled_unit.run(models)
    else:
        closed_form_unit.run(unit, models[0].context, models[0].crew)
