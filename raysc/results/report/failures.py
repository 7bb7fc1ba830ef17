"""Failed units and diverged seeds of a sweep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from raysc.planning.plan import Plan
from raysc.planning.resolved import ResolvedCell
from raysc.results.plots.labels import cell_label
from raysc.store.objects import Objects


@dataclass(frozen=True)
class Failure:
    """A unit that failed and is still missing.

    Attributes:
        cell: label of the cell that it ran for.
        seeds: the unit's seeds, separated by commas.
        reason: the last line of its traceback.
    """

    cell: str
    seeds: str
    reason: str


def failures(plan: Plan, objects: Objects) -> list[Failure]:
    """Return the missing units of a plan that have a traceback in the store."""
    prefix = f"sweeps/{plan.sweep.name}/failures/"
    tracebacks = {name.removeprefix(prefix).removesuffix(".txt"): name for name in objects.names(prefix.rstrip("/"))}
    failed = []
    for unit in plan.units:
        if unit.name in tracebacks:
            lines = objects.get(tracebacks[unit.name]).decode(errors="replace").strip().splitlines()
            seeds = ", ".join(map(str, unit.seeds))
            failed.append(Failure(cell_label(unit.cell), seeds, lines[-1] if lines else "empty traceback"))
    return failed


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
