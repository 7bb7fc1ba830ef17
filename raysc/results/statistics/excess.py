"""Damage of a metric against real rows and against the control.

All comparisons are paired by seed: two cells of one seed share their random numbers, so their difference has less noise
than either of them.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from raysc.metrics.core.metric import Column, Scale


def damage(
    values: np.ndarray, references: np.ndarray, column: Column, targets: np.ndarray | float = np.nan
) -> np.ndarray:
    """Return by how much values are worse than their references.

    Args:
        values: float64, any shape.
        references: float64, same shape.
        column: its scale (ratio or difference), and its better direction.
        targets: best values of a column with better "near", of the same shape or one number.

    Returns:
        log(value / reference) or value - reference, positive if the value is the worse one. With a target it is the
        difference of the distances from it, |log(value / target)| or |value - target|. It is infinite if one of the
        two is 0 on a log scale, or infinite: a seed whose metric reached 0 must not be absent from a mean. NaN if
        either is NaN, if both are 0 on a log scale or equally infinite, or if the logarithm does not exist.
    """
    if column.better == "near":
        with np.errstate(invalid="ignore"):
            distances = [np.abs(_difference(side, np.asarray(targets), column.scale)) for side in (values, references)]
            return np.asarray(distances[0] - distances[1])
    worse = _difference(values, references, column.scale)
    return np.asarray(worse if column.better == "lower" else 0.0 - worse)


def _difference(values: np.ndarray, references: np.ndarray, scale: Scale) -> np.ndarray:
    """Return log(value / reference) or value - reference."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        if scale == "linear":
            return np.asarray(values - references)
        logarithms = np.log(values / references)
        # A ratio of positive numbers may overflow where its logarithm does not; 0 / -1 has no logarithm.
        return np.asarray(np.where(np.isinf(logarithms), np.log(values) - np.log(references), logarithms))


def excess(
    table: pd.DataFrame, controls: Mapping[int, int], column: Column, targets: Mapping[int, float] | None = None
) -> np.ndarray:
    """Return the damage of each row against the control's value of the same seed and generation.

    Args:
        table: columns cell, seed, generation and the metric's.
        controls: cell -> its control; cells without one are left out.
        column: the metric's column.
        targets: cell -> best value, of a column with better "near".

    Returns:
        float64 (rows,), see ``damage``; NaN if the cell has no control or the control lacks the generation.
    """
    if not controls:
        return np.full(len(table), np.nan)
    keys = ["cell", "seed", "generation"]
    values = table.set_index(keys)[column.name]
    control_keys = table[keys].assign(cell=table["cell"].map(controls))
    references = values.reindex(pd.MultiIndex.from_frame(control_keys)).to_numpy(float)
    best = table["cell"].map(targets or {}).to_numpy(float)
    return damage(table[column.name].to_numpy(float), references, column, best)


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
