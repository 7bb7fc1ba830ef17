"""One seed of one cell in this process, without Ray: prints, breakpoints and debuggers of plug-ins work."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from raysc.errors import InputError
from raysc.execution.extractors import trained_extractors
from raysc.execution.in_process import Report, context_in_process, run_unit
from raysc.execution.unit_context import UnitContext
from raysc.machine.process_resources import use_resources
from raysc.metrics.core.features import LoadedExtractors, load_extractors
from raysc.planning.plan import make_plan
from raysc.planning.resolved import ResolvedCell, ResolvedSweep, metric_keys
from raysc.planning.units import Unit
from raysc.pool.block_store import BlockStore
from raysc.seeds import seed_text, seeds_text
from raysc.store.objects import Objects
from raysc.store.parquet_rows import ParquetBlockStore
from raysc.store.publishing import Attempt
from raysc.sweepfile.sweep import Sweep


def single_seed(sweep: Sweep, cell: int | None, seed: int | None) -> Sweep:
    """Return a sweep of one cell and one seed of a sweep, with the cells of all models that are coupled with it.

    Args:
        sweep: the sweep.
        cell: number of the cell; None: the first one.
        seed: the seed; None: the first one of the cell.

    Raises:
        InputError: the sweep has no such cell, or the cell no such seed.
    """
    number = 0 if cell is None else cell
    if not 0 <= number < len(sweep.cells):
        raise InputError(f"--cell {number}: {sweep.name} has cells 0 to {len(sweep.cells) - 1}")
    seeds = sweep.seeds_of(number)
    if seed is not None and seed not in seeds:
        raise InputError(f"--seed {seed_text(seed)}: cell {number} of {sweep.name} has seeds {seeds_text(seeds)}")
    coupling = sweep.cells[number].coupling
    numbers = [
        other
        for other, cell in enumerate(sweep.cells)
        if other == number
        or (coupling is not None and cell.coupling is not None and cell.coupling.group == coupling.group)
    ]
    return replace(
        sweep,
        cells=tuple(sweep.cells[other] for other in numbers),
        origins_by_cell=tuple(sweep.origins_by_cell[other] for other in numbers) if sweep.origins_by_cell else (),
        seeds=(seeds[0] if seed is None else seed,),
        generations=sweep.generations_of(number),
        runs_by_cell={},
    )


def run_all_units(resolved: ResolvedSweep, objects: Objects, report: Report) -> int:
    """Run all units that a store lacks of a sweep, one after another; errors of components are not caught.

    Args:
        resolved: the sweep.
        objects: the store.
        report: called once with the columns of each generation that is reported; those of coupled models have the
            number of the model in the column "model".

    Returns:
        Number of units that were run.

    Raises:
        InputError: there are units to run, and their results cannot be stored.
    """

    def block_store(attempt: Attempt) -> BlockStore:
        return ParquetBlockStore(objects, attempt.prefix)

    reported: set[tuple[int, int]] = set()
    loaded: LoadedExtractors = {}

    def report_once(cell: ResolvedCell, columns: Mapping[str, Any]) -> None:  # a loop reports its generation 0 again
        generation = cell.model_number, columns["generation"]
        if generation not in reported:
            reported.add(generation)
            report(columns if cell.settings.coupling is None else {"model": cell.model_number, **columns})

    def make_context(unit: Unit) -> UnitContext:
        metrics = metric_keys(sweep, unit.cell).values()
        extractors = load_extractors(trained_extractors(metrics, unit.cell.data, objects), loaded)
        return context_in_process(sweep, objects, unit, block_store, partial(report_once, unit.cell), extractors)

    sweep, units = resolved.sweep, make_plan(resolved, objects).units
    if units:
        objects.probe()
    for unit in units:
        use_resources(sweep.resources, unit.cell.family.trained)
        run_unit(unit, make_context)
    return len(units)
