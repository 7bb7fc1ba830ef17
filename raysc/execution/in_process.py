"""Units in this process, one after another, without Ray: for tests, and to try how long they take."""

from collections.abc import Callable

from raysc import registry
from raysc.execution.unit_context import Bench
from raysc.metrics.core.measure import Real
from raysc.planning.plan import Unit
from raysc.planning.resolved import measured_generations_of, metric_keys
from raysc.pool.rows import MemoryBlock
from raysc.pool.shelf import MemoryShelf, Shelf
from raysc.regimes.recipe import REAL
from raysc.store.objects import Objects
from raysc.store.publishing import Attempt
from raysc.sweepfile.sweep import Sweep


def bench_alone(
    sweep: Sweep, objects: Objects, unit: Unit, shelf: Callable[[Attempt], Shelf] = lambda attempt: MemoryShelf()
) -> Bench:
    """What a unit works with in this process; without feature extractors that are networks.

    Args:
        sweep: it is of.
        objects: the store that it is published in.
        unit: of any family.
        shelf: where its rows are put.
    """
    line = unit.line
    train = line.data.train(unit.seeds)
    return Bench(
        objects=objects,
        generations=sweep.generations,
        measured=frozenset(measured_generations_of(sweep, line)),
        seeds=unit.seeds,
        data=line.data,
        real_block=MemoryBlock((REAL, unit.seeds), 0, train),
        real=Real(line.data.kind, train, line.data.test(), data=line.data),
        metrics={key: registry.build("metric", metric) for key, metric in metric_keys(sweep, line).items()},
        shelf=shelf,
        provenance={},
        report=lambda columns: None,
        keep=sweep.keep,
        checkpoint_seconds=60 * sweep.resources.checkpoint_minutes,
        until=sweep.until,
    )
