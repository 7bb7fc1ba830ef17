"""The generation at which a model collapsed, from a metric over generations."""

import numpy as np
import pandas as pd

from raysc.metrics.core.metric import Column


def collapse_generation(table: pd.DataFrame, column: Column) -> np.ndarray:
    """Return the first measured generation whose value is at ``column.collapse_threshold`` or worse.

    If only some generations are measured, the collapse took place after the measured generation before. If a seed ended
    before the first value at the threshold was measured, the result is the generation at which it ended; with the
    threshold as the level of ``loop.until`` this is exact.

    Args:
        table: columns cell, seed, generation and the metric's; ended_generation, if the sweep has ``loop.until``.
        column: a column with a collapse threshold.

    Returns:
        float64 (rows,), the same for all generations of a cell and seed; NaN without a collapse.
    """
    assert column.collapse_threshold is not None, f"{column.name} has no collapse threshold"
    values = table[column.name]
    bad = values <= column.collapse_threshold if _collapses_downwards(column) else values >= column.collapse_threshold
    first = table["generation"].where(bad).groupby([table["cell"], table["seed"]]).transform("min").to_numpy(float)
    if "ended_generation" not in table:
        return first
    ended = table["ended_generation"].to_numpy(float)
    return np.where(first > ended, ended, first)


def _collapses_downwards(column: Column) -> bool:
    """Return True if values below the threshold are the bad ones; for a target these lie beyond the threshold."""
    if isinstance(column.target, float) and column.collapse_threshold is not None:
        return column.collapse_threshold < column.target
    return column.better == "higher"
