"""Failed units of a sweep, its diverged seeds, and those whose weights did not move."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from raysc.planning.plan import Plan
from raysc.planning.resolved import ResolvedCell
from raysc.results.failure_reasons import failed_units, failure_reason
from raysc.results.plots.labels import cell_label
from raysc.results.table.unmoved_weights import unmoved_generations
from raysc.seeds import seeds_text
from raysc.store.objects import Objects


@dataclass(frozen=True)
class Failure:
    """A unit that failed and is still missing.

    Attributes:
        cell: label of the cell that it ran for.
        seeds: the unit's seeds, separated by commas.
        reason: place and error of its traceback, in one line.
    """

    cell: str
    seeds: str
    reason: str


def failures(plan: Plan, objects: Objects) -> list[Failure]:
    """Return the missing units of a plan that have a traceback in the store."""
    return [
        Failure(cell_label(unit.cell), seeds_text(unit.seeds), failure_reason(traceback))
        for unit, traceback in failed_units(plan.units, plan.sweep.name, objects)
    ]


@dataclass(frozen=True)
class AffectedSeeds:
    """The diverged seeds of a cell, or those whose weights did not move.

    Attributes:
        cell: label of the cell.
        first_generations: seed -> first generation whose model is not finite, or is the one that it started from.
        seed_count: number of the cell's seeds that have results.
    """

    cell: str
    first_generations: Mapping[int, int]
    seed_count: int


def divergences(table: pd.DataFrame, cells: Sequence[ResolvedCell]) -> list[AffectedSeeds]:
    """Return the diverged seeds by cell, in the sweep's order.

    Args:
        table: the tidy table.
        cells: of the sweep.
    """
    diverged = table[table["diverged"].astype(bool)]
    firsts = diverged.groupby(["cell", "seed"], as_index=False)["generation"].min()
    by_cell: dict[int, dict[int, int]] = {}
    for number, seed, t in firsts.itertuples(index=False, name=None):
        by_cell.setdefault(int(number), {})[int(seed)] = int(t)
    return _affected_seeds(by_cell, table, cells)


def unmoved_weights(table: pd.DataFrame, cells: Sequence[ResolvedCell]) -> list[AffectedSeeds]:
    """Return the seeds with a generation whose weights did not move, by cell; arguments as for ``divergences``."""
    return _affected_seeds(unmoved_generations(table), table, cells)


def _affected_seeds(
    by_cell: Mapping[int, Mapping[int, int]], table: pd.DataFrame, cells: Sequence[ResolvedCell]
) -> list[AffectedSeeds]:
    seed_counts = table.groupby("cell")["seed"].nunique()
    return [
        AffectedSeeds(cell_label(cells[number]), generations, int(seed_counts[number]))
        for number, generations in by_cell.items()
    ]
