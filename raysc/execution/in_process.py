"""Execution in this process, without Ray: for tests, and for timing units."""

from collections.abc import Callable

from raysc import registry
from raysc.execution.measurer import Measurer
from raysc.execution.metric_writer import MetricWriter
from raysc.execution.unit_context import UnitContext
from raysc.metrics.core.measure import RealSets
from raysc.planning.resolved import measured_generations_of, metric_keys
from raysc.planning.units import Unit
from raysc.pool.blocks import MemoryBlock
from raysc.pool.shelf import MemoryShelf, Shelf
from raysc.regimes.recipe import REAL
from raysc.store.objects import Objects
from raysc.store.publishing import Attempt
from raysc.sweepfile.sweep import Sweep


def context_in_process(
    sweep: Sweep, objects: Objects, unit: Unit, shelf: Callable[[Attempt], Shelf] = lambda attempt: MemoryShelf()
) -> UnitContext:
    """Build the context of a unit in this process, without feature extractors that are networks.

    Args:
        sweep: the sweep of the unit.
        objects: the store in which it is published.
        unit: of any family.
        shelf: attempt -> the shelf for its rows.
    """
    cell = unit.cell
    train = cell.data.train(unit.seeds)
    measurer = Measurer(
        metrics={key: registry.build("metric", metric) for key, metric in metric_keys(sweep, cell).items()},
        generations=frozenset(measured_generations_of(sweep, cell)),
        data=cell.data,
        real=RealSets(cell.data.kind, train, cell.data.test(), data=cell.data),
        seeds=len(unit.seeds),
        until=sweep.until,
    )
    return UnitContext(
        objects=objects,
        generations=sweep.generations,
        seeds=unit.seeds,
        data=cell.data,
        real_block=MemoryBlock((REAL, unit.seeds), 0, train),
        measurer=measurer,
        writer=MetricWriter(objects, unit.seeds, lambda columns: None),
        shelf=shelf,
        provenance={},
        keep=sweep.keep,
        checkpoint_seconds=60 * sweep.resources.checkpoint_minutes,
    )
