"""Damage, quality and spread: what the table's numbers say, computed from nothing but its values.

Everything is paired by seed: two cells of one seed share their random numbers, so their difference has less noise than
either of them.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from raysc.metrics.core.metric import Column

QUANTILES = (0.05, 0.25, 0.75, 0.95)
"""What is told of a spread beside mean, standard deviation and median."""


def damage(values: np.ndarray, references: np.ndarray, column: Column) -> np.ndarray:
    """How much worse some values are than their references.

    Args:
        values: float64, any shape.
        references: of the same shape.
        column: says whether damage is a ratio or a difference, and which direction is better.

    Returns:
        log(value / reference) or value - reference, positive where the value is the worse one; NaN where either is
        NaN or the logarithm does not exist.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        worse = np.log(values / references) if column.scale == "log" else values - references
    signed = worse if column.better == "lower" else 0.0 - worse
    return np.where(np.isfinite(signed), signed, np.nan)


def excess(table: pd.DataFrame, controls: Mapping[int, int], column: Column) -> np.ndarray:
    """Damage of each row against the control's value of the same seed and generation.

    Args:
        table: columns cell, seed, generation and the metric's.
        controls: cell -> its control; a cell that has none is left out.
        column: the metric's.

    Returns:
        float64 (rows,); NaN where there is no control or its generation is not there yet.
    """
    if not controls:
        return np.full(len(table), np.nan)
    keys = ["cell", "seed", "generation"]
    references = table.set_index(keys)[column.name]
    wanted = table[keys].assign(cell=table["cell"].map(controls))
    found = references.reindex(pd.MultiIndex.from_frame(wanted)).to_numpy(float)
    return damage(table[column.name].to_numpy(float), found, column)


def initial_quality(table: pd.DataFrame, column: Column) -> np.ndarray:
    """Damage of generation 0 against real rows: 0 is as good as real rows, more is worse.

    Args:
        table: columns cell, seed, generation, the metric's and its floor.
        column: the metric's.

    Returns:
        float64 (rows,), the same for all generations of a cell and seed; NaN where generation 0 was not measured or
        the metric has no floor.
    """
    floor = f"{column.name}_floor"
    if floor not in table:
        return np.full(len(table), np.nan)
    zero = table[table["generation"] == 0].set_index(["cell", "seed"])
    quality = damage(zero[column.name].to_numpy(float), zero[floor].to_numpy(float), column)
    own = pd.MultiIndex.from_frame(table[["cell", "seed"]])
    return pd.Series(quality, zero.index).reindex(own).to_numpy(float)


def aggregate(table: pd.DataFrame, by: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """Mean, standard deviation, median and quantiles over everything that is not grouped by.

    Args:
        table: the tidy table or a part of it.
        by: columns to group by; empty values make a group of their own.
        columns: numeric columns to aggregate; NaN (diverged seeds) are left out.

    Returns:
        One row per group, in order of appearance: ``by``, ``count`` (rows, one per cell, seed and generation),
        ``diverged`` (how many of them are), and <column>_mean, _sd (ddof 1), _median, _q05, _q25, _q75, _q95 for each
        column: quantiles by linear interpolation.
    """
    groups = table.groupby(list(by), dropna=False, sort=False)
    found = {"count": groups.size(), "diverged": groups["diverged"].sum()}
    for name in columns:
        numbers = groups[name]
        found |= {f"{name}_mean": numbers.mean(), f"{name}_sd": numbers.std(), f"{name}_median": numbers.median()}
        found |= {f"{name}_q{100 * part:02.0f}": numbers.quantile(part) for part in QUANTILES}
    return pd.DataFrame(found).reset_index()
