"""Limits of the size of a sweep, checked before anything of that size is made."""

from collections.abc import Sequence
from math import prod

from raysc.formatting import in_bytes
from raysc.machine.memory import memory_limit
from raysc.settings import Measure
from raysc.sweepfile.domains import Domain
from raysc.sweepfile.messages import Locations
from raysc.sweepfile.space import Axis

MAX_RUNS = 10_000_000
"""Most runs of a sweep: points of space times seeds."""
POINT_BYTES = 20_000
"""Memory of a point of space with its cell, keys and unit, in bytes."""
ROW_BYTES = 300
"""Memory of a row of the tidy table, in bytes."""


def count_points(grids: Sequence[Sequence[Axis]], draws: int | None) -> int:
    """Count the points of some grids without making them."""
    total = 0
    for grid in grids:
        listed = [len(axis.values) for axis in grid if not isinstance(axis.values, Domain)]
        total += prod(listed) * (draws if draws is not None and len(listed) < len(grid) else 1)
    return total


def check_points(grids: Sequence[Sequence[Axis]], draws: int | None, seeds: int, locations: Locations) -> None:
    """Refuse a sweep with too many points or runs.

    Args:
        grids: from ``read_space``.
        draws: ``search.random``.
        seeds: number of seeds.
        locations: for messages.

    Raises:
        InputError: there are more than ``MAX_RUNS`` runs, or the points need more memory than this process may use.
    """
    points = count_points(grids, draws)
    key = "space" if draws is None else "search.random"
    if points * seeds > MAX_RUNS:
        raise locations.error(
            "seeds" if seeds > points else key,
            f"{points:,} points of space times {seeds:,} seeds are more than {MAX_RUNS:,} runs, the most of a sweep",
        )
    _check_memory(points * POINT_BYTES, f"{points:,} points of space", key, locations)


def check_table(cells: int, seeds: int, generations: int, measure: Measure, locations: Locations) -> None:
    """Refuse a sweep whose table needs more memory than this process may use.

    Args:
        cells: number of cells.
        seeds: number of seeds.
        generations: T.
        measure: the generations to measure.
        locations: for messages.

    Raises:
        InputError: the table needs more memory than this process may use.
    """
    if measure == "log":
        return  # about ten generations of each decade
    measured = generations + 1 if measure == "all" else len(measure)
    rows = cells * seeds * measured
    problem = f"a table of {cells:,} cells, {seeds:,} seeds and {measured:,} measured generations"
    _check_memory(rows * ROW_BYTES, problem, "measure", locations)


def _check_memory(size: int, subject: str, key: str, locations: Locations) -> None:
    """Refuse what needs more bytes than this process may use."""
    limit = memory_limit()
    if size > limit:
        raise locations.error(
            key, f"{subject} would need about {in_bytes(size)} of memory; this process may use {in_bytes(limit)}"
        )
