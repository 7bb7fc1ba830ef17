"""When a model collapsed, told from its metrics over generations."""

import numpy as np
import pandas as pd

from raysc.metrics.core.metric import Column


def collapse_generation(table: pd.DataFrame, column: Column) -> np.ndarray:
    """The first measured generation whose value is as bad as ``column.collapsed`` or worse.

    Args:
        table: columns cell, seed, generation and the metric's; ended_generation, where ``loop.until`` ends seeds.
        column: it has a level at which a model counts as collapsed.

    Returns:
        float64 (rows,), the same for all generations of a cell and seed; NaN where it did not happen (yet). Where
        only some generations are measured, it happened after the measured one before. What is seen after the seed
        ended was there when it ended: with that level for ``until`` it is the very generation.
    """
    assert column.collapsed is not None, f"{column.name} does not tell a collapse"
    values = table[column.name]
    bad = values <= column.collapsed if column.better == "higher" else values >= column.collapsed
    first = table["generation"].where(bad).groupby([table["cell"], table["seed"]]).transform("min").to_numpy(float)
    if "ended_generation" not in table:
        return first
    ended = table["ended_generation"].to_numpy(float)
    return np.where(first > ended, ended, first)
