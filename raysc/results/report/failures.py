"""Failed units and diverged seeds of a sweep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from raysc.planning.plan import Plan
from raysc.planning.resolved import ResolvedCell
from raysc.results.failure_reasons import failed_units, failure_reason
from raysc.results.plots.labels import cell_label
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
        Failure(cell_label(unit.cell), ", ".join(map(str, unit.seeds)), failure_reason(traceback))
        for unit, traceback in failed_units(plan.units, plan.sweep.name, objects)
    ]


@dataclass(frozen=True)
class Divergence:
    """The diverged seeds of a cell.

    Attributes:
        cell: label of the cell.
        first_generations: seed -> first generation whose model is not finite.
        seed_count: number of the cell's seeds that have results.
    """

    cell: str
    first_generations: Mapping[int, int]
    seed_count: int


def divergences(table: pd.DataFrame, cells: Sequence[ResolvedCell]) -> list[Divergence]:
    """Return the diverged seeds by cell, in the sweep's order.

    Args:
        table: the tidy table.
        cells: of the sweep.
    """
    diverged = table[table["diverged"].astype(bool)]
    firsts = diverged.groupby(["cell", "seed"], as_index=False)["generation"].min()
    seed_counts = table.groupby("cell")["seed"].nunique()
    by_cell: dict[int, dict[int, int]] = {}
    for number, seed, t in firsts.itertuples(index=False, name=None):
        by_cell.setdefault(int(number), {})[int(seed)] = int(t)
    return [
        Divergence(cell_label(cells[number]), generations, int(seed_counts[number]))
        for number, generations in by_cell.items()
    ]
