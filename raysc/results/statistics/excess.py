"""Damage of a metric against real rows and against the control.

All comparisons are paired by seed: two cells of one seed share their random numbers, so their difference has less noise
than either of them.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from raysc.metrics.core.metric import Column


def damage(values: np.ndarray, references: np.ndarray, column: Column) -> np.ndarray:
    """Return by how much values are worse than their references.

    Args:
        values: float64, any shape.
        references: float64, same shape.
        column: its scale (ratio or difference), and its better direction.

    Returns:
        log(value / reference) or value - reference, positive if the value is the worse one; NaN if either is NaN or the
        logarithm does not exist.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        worse = np.log(values / references) if column.scale == "log" else values - references
    signed = worse if column.better == "lower" else 0.0 - worse
    return np.where(np.isfinite(signed), signed, np.nan)


def excess(table: pd.DataFrame, controls: Mapping[int, int], column: Column) -> np.ndarray:
    """Return the damage of each row against the control's value of the same seed and generation.

    Args:
        table: columns cell, seed, generation and the metric's.
        controls: cell -> its control; cells without one are left out.
        column: the metric's column.

    Returns:
        float64 (rows,); NaN if the cell has no control or the control lacks the generation.
    """
    if not controls:
        return np.full(len(table), np.nan)
    keys = ["cell", "seed", "generation"]
    values = table.set_index(keys)[column.name]
    control_keys = table[keys].assign(cell=table["cell"].map(controls))
    references = values.reindex(pd.MultiIndex.from_frame(control_keys)).to_numpy(float)
    return damage(table[column.name].to_numpy(float), references, column)


def initial_quality(table: pd.DataFrame, column: Column) -> np.ndarray:
    """Return the damage of generation 0 against real rows: 0 if it is as good as they are, positive if it is worse.

    Args:
        table: columns cell, seed, generation, the metric's and its floor.
        column: the metric's column.

    Returns:
        float64 (rows,), the same for all generations of a cell and seed; NaN if generation 0 was not measured or the
        metric has no floor.
    """
    floor = f"{column.name}_floor"
    if floor not in table:
        return np.full(len(table), np.nan)
    initial = table[table["generation"] == 0].set_index(["cell", "seed"])
    quality = damage(initial[column.name].to_numpy(float), initial[floor].to_numpy(float), column)
    row_keys = pd.MultiIndex.from_frame(table[["cell", "seed"]])
    return pd.Series(quality, initial.index).reindex(row_keys).to_numpy(float)
