"""Selection of generations and metrics of the tidy table."""

from collections.abc import Sequence

import pandas as pd

from raysc.errors import InputError
from raysc.metrics.core.metric import Column
from raysc.results.table.columns import metric_columns
from raysc.sweepfile.messages import did_you_mean
from raysc.sweepfile.sweep import Sweep


def at_generation(table: pd.DataFrame, selector: str, generations: Sequence[int]) -> pd.DataFrame:
    """Return the rows of one generation, or of all.

    Args:
        table: the tidy table.
        selector: "last": the last generation of each cell; "all"; or a number.
        generations: the measured generations.

    Raises:
        InputError: ``selector`` is none of these.
    """
    if selector == "all":
        return table
    if selector == "last":
        return last_generation(table)
    if not selector.isdecimal() or int(selector) not in generations:
        measured = ", ".join(str(t) for t in generations) if len(generations) <= 20 else f"0 to {generations[-1]}"
        raise InputError(f"--generation {selector}: expected last, all or a measured generation, {measured}")
    return table[table["generation"] == int(selector)]


def last_generation(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of each cell's last generation."""
    return table[table["generation"] == table.groupby("cell")["generation"].transform("max")]


def metric_names(table: pd.DataFrame, sweep: Sweep, metrics: Sequence[str]) -> list[str]:
    """Return the columns of some metrics, in the table's order; of all metrics if ``metrics`` is empty.

    Args:
        table: the tidy table.
        sweep: the sweep of the table.
        metrics: columns. The column of a metric stands for its floor, its excess and its number of rows too.

    Raises:
        InputError: a column does not exist.
    """
    columns = [column.name for column in metric_columns(sweep)]
    parts_by_column = {name: [part for part in _parts(name) if part in table] for name in columns}
    every = [part for parts in parts_by_column.values() for part in parts]
    selected: set[str] = set()
    for name in metrics:
        if name not in every:
            raise InputError(f"--metric {name}: no such metric in this sweep{did_you_mean(name, every)}")
        selected |= set(parts_by_column.get(name, [name]))
    return [name for name in every if name in selected] if metrics else every


def metric_column(sweep: Sweep, name: str | None) -> Column:
    """Return the column of a metric by its name; the first one for None.

    Raises:
        InputError: the sweep measures no such metric.
    """
    columns = {column.name: column for column in metric_columns(sweep)}
    if name is None:
        return next(iter(columns.values()))
    if name not in columns:
        raise InputError(f"metric {name}: {sweep.name} has no such metric{did_you_mean(name, columns)}")
    return columns[name]


def _parts(metric: str) -> list[str]:
    return [metric, f"{metric}_floor", f"{metric}_excess", f"{metric}_rows"]
