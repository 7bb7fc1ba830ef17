"""Comparison of cells of one sweep, paired by seed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from raysc.errors import InputError
from raysc.metrics.core.metric import Column
from raysc.results.statistics.averages import logarithms, seed_mean
from raysc.results.table.selection import last_generation
from raysc.results.table.table import varying_axes
from raysc.settings import CellSettings
from raysc.sweepfile.cell_selection import distinct, is_same, nearest_value, select_cells
from raysc.sweepfile.messages import did_you_mean

CellChoice = int | Mapping[str, Any]
"""A number of a cell, or axis -> its value or a list of values."""


def compare_cells(
    table: pd.DataFrame,
    cells: Sequence[CellSettings],
    a: CellChoice,
    b: CellChoice,
    columns: Sequence[Column],
    generation: int | None,
) -> pd.DataFrame:
    """Compare pairs of cells: a seed's two cells share their random numbers, so the intervals are those of differences.

    Cells of ``a`` and ``b`` form a pair if they are equal in every axis that neither choice names; an axis without a
    value, such as lambda of real_only, equals every value.

    Args:
        table: from ``load_table``.
        cells: the cells of the sweep.
        a: the cells to compare.
        b: the cells that they are compared with.
        columns: columns of metrics.
        generation: the generation to compare; None: the last one that both cells of a pair have.

    Returns:
        One row per pair and metric: a and b (numbers of the cells), the axes in which pairs differ, generation, metric,
        a_mean and b_mean (over the seeds that both have), kind ("a / b" for metrics with a log scale, else "a - b"),
        value (its mean over seeds, geometric for ratios), low and high (paired 95 % interval, NaN below two seeds) and
        seeds.

    Raises:
        InputError: a choice has no cell, no pair exists, or several cells of ``b`` match one of ``a``.
    """
    pairs = _pairs(cells, a, b)
    axes = [axis for axis in varying_axes(cells) if len({repr(cells[first].axes[axis]) for first, _ in pairs}) > 1]
    rows = []
    for first, second in pairs:
        both = _paired_rows(table, first, second, [column.name for column in columns])
        both = (
            last_generation(both.assign(cell=first)) if generation is None else both[both["generation"] == generation]
        )
        for column in columns:
            settings = {axis: cells[first].axes[axis] for axis in axes}
            rows.append({"a": first, "b": second, **settings, **_statistics(both, column)})
    return pd.DataFrame(rows)


def _statistics(both: pd.DataFrame, column: Column) -> dict[str, Any]:
    """Return the entries of one pair and metric."""
    values, references = (both[f"{column.name}_{side}"].to_numpy(float) for side in "ab")
    present = ~(np.isnan(values) | np.isnan(references))
    values, references, seeds = values[present], references[present], both["seed"].to_numpy()[present]
    means = [seed_mean(side, column.geometric, column.bounds).mean for side in (values, references)]
    if column.geometric:
        with np.errstate(invalid="ignore"):
            compared = seed_mean(logarithms(values) - logarithms(references), seeds=seeds)
        mean, low, high = (float(np.exp(part)) for part in (compared.mean, compared.low, compared.high))
    else:
        compared = seed_mean(values - references, seeds=seeds)
        mean, low, high = compared.mean, compared.low, compared.high
    return {
        "generation": both["generation"].iloc[0] if len(both) else pd.NA,
        "metric": column.name,
        "a_mean": means[0],
        "b_mean": means[1],
        "kind": "a / b" if column.geometric else "a - b",
        "value": mean,
        "low": low,
        "high": high,
        "seeds": compared.seeds,
    }


def _paired_rows(table: pd.DataFrame, first: int, second: int, names: Sequence[str]) -> pd.DataFrame:
    """Return the seeds and generations that two cells have in common, with <metric>_a and <metric>_b."""
    keys = ["seed", "generation"]
    left, right = (table.loc[table["cell"] == cell, [*keys, *names]] for cell in (first, second))
    return left.merge(right, on=keys, suffixes=("_a", "_b"))


def _pairs(cells: Sequence[CellSettings], a: CellChoice, b: CellChoice) -> list[tuple[int, int]]:
    """Return the pairs of cells that two choices make."""
    firsts, seconds = _chosen(cells, a), _chosen(cells, b)
    if isinstance(b, int):
        return [(first, b) for first in firsts]
    named = set(cells[a].axes) if isinstance(a, int) else {*a, *b}
    pairs = []
    for first in firsts:
        partners = [second for second in seconds if _agree(cells[first], cells[second], named)]
        if len(partners) > 1:
            differ = [axis for axis in cells[0].axes if len({repr(cells[cell].axes[axis]) for cell in partners}) > 1]
            raise InputError(f"b: several cells match cell {first}; name a value of {', '.join(differ)} too")
        pairs += [(first, second) for second in partners]
    if not pairs:
        raise InputError("no cell of a and cell of b agree in the axes that neither names")
    return pairs


def _agree(first: CellSettings, second: CellSettings, named: set[str]) -> bool:
    """Return True if two cells are equal in all axes but those that are named."""
    values = ((first.axes[axis], second.axes[axis]) for axis in first.axes if axis not in named)
    return all(value is None or other is None or is_same(value, other) for value, other in values)


def _chosen(cells: Sequence[CellSettings], choice: CellChoice) -> list[int]:
    """Return the numbers of the cells of a choice."""
    if isinstance(choice, int):
        if not 0 <= choice < len(cells):
            raise InputError(f"cell {choice}: the sweep has cells 0 to {len(cells) - 1}")
        return [choice]
    axes = cells[0].axes
    for axis in choice:
        if axis not in axes:
            raise InputError(f"{axis}: the sweep has no such axis{did_you_mean(axis, list(axes))}")
    selection = {}
    for axis, value in choice.items():
        known = distinct(cell.axes[axis] for cell in cells)
        selection[axis] = _values(value, known)
        for chosen_value in selection[axis]:
            if not any(is_same(chosen_value, other) for other in known):
                raise InputError(f"{axis}: no cell has {chosen_value!r}{nearest_value(chosen_value, known)}")
    chosen = select_cells(cells, selection)
    if not chosen:
        raise InputError(f"no cell has {', '.join(f'{axis} {value!r}' for axis, value in choice.items())}")
    return chosen


def _values(value: Any, known: Sequence[Any]) -> tuple[Any, ...]:
    """Return the values of a choice. A list that a cell has as its value, such as a matrix, is one value."""
    if isinstance(value, list | tuple) and not any(is_same(value, other) for other in known):
        return tuple(value)
    return (value,)
