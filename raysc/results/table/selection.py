"""Parts of the tidy table: which generation, which metrics, averaged over what."""

from collections.abc import Sequence

import pandas as pd

from raysc.errors import InputError
from raysc.results.statistics.excess import aggregate
from raysc.results.table.table import metric_columns
from raysc.sweepfile.messages import did_you_mean
from raysc.sweepfile.sweep import Sweep


def at_generation(table: pd.DataFrame, which: str, generations: Sequence[int]) -> pd.DataFrame:
    """Rows of some generations.

    Args:
        table: the tidy table.
        which: "last": each cell's last one; "all"; or a number.
        generations: those that are measured.

    Raises:
        InputError: ``which`` is none of these.
    """
    if which == "all":
        return table
    if which == "last":
        return last_generation(table)
    if not which.isdecimal() or int(which) not in generations:
        measured = ", ".join(str(t) for t in generations) if len(generations) <= 20 else f"0 to {generations[-1]}"
        raise InputError(f"--generation {which}: expected last, all or a measured generation, {measured}")
    return table[table["generation"] == int(which)]


def last_generation(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of each cell's last generation."""
    return table[table["generation"] == table.groupby("cell")["generation"].transform("max")]


def metric_names(table: pd.DataFrame, sweep: Sweep, asked: Sequence[str]) -> list[str]:
    """Columns of the metrics that are asked for, in the table's order; of all of them if none is.

    Args:
        table: the tidy table.
        sweep: it came from.
        asked: columns; a metric's own brings its floor, its excess and its number of rows, if it has one, with it.

    Raises:
        InputError: there is no such column.
    """
    columns = [column.name for column in metric_columns(sweep)]
    with_parts = {name: [part for part in _parts(name) if part in table] for name in columns}
    every = [part for parts in with_parts.values() for part in parts]
    wanted: set[str] = set()
    for name in asked:
        if name not in every:
            raise InputError(f"--metric {name}: no such metric in this sweep{did_you_mean(name, every)}")
        wanted |= set(with_parts.get(name, [name]))
    return [name for name in every if name in wanted] if asked else every


def averaged(table: pd.DataFrame, by: Sequence[str], metrics: Sequence[str]) -> pd.DataFrame:
    """Mean, standard deviation, median and quantiles of metrics over everything but some columns; see ``aggregate``.

    Raises:
        InputError: no such column.
    """
    groups = [str(name) for name in table if name not in metrics]
    for name in by:
        if name not in groups:
            raise InputError(f"--by {name}: no such column to group by{did_you_mean(name, groups)}")
    return aggregate(table, by, metrics)


def _parts(metric: str) -> list[str]:
    return [metric, f"{metric}_floor", f"{metric}_excess", f"{metric}_rows"]
