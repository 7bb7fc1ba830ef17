"""Comparison of two sweeps: cells with equal axes, paired by seed."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from raysc.errors import InputError
from raysc.metrics.core.metric import Column
from raysc.results.statistics.averages import seed_mean
from raysc.results.statistics.excess import damage
from raysc.results.table.number_format import interval_text, share_text
from raysc.results.table.selection import last_generation

OTHER = "_of_the_other"
"""Suffix of the other sweep's columns."""


def compare_sweeps(
    table: pd.DataFrame,
    other: pd.DataFrame,
    axes: Sequence[str],
    columns: Sequence[Column],
    generation: int | None,
    targets: Mapping[str, Mapping[int, float]] | None = None,
) -> pd.DataFrame:
    """Return by how much one sweep is worse than another, for each cell.

    Args:
        table: table of the first sweep, from ``load_table``.
        other: table of the other sweep.
        axes: axes of the first sweep. Cells belong together if they are equal in all axes that both tables have.
        columns: metrics that both sweeps have.
        generation: the generation to compare; None: the last one of each cell that both have.
        targets: column with better "near" -> cell of the first sweep -> best value.

    Returns:
        One row per cell of the first sweep, in order: its axes, generation, seeds (number of seeds that both have), and
        for each metric <metric>_worse (mean over seeds of the log ratio or difference, positive if the first sweep is
        worse), _worse_low and _worse_high (its paired 95 % interval; NaN for fewer than two seeds) and _worse_seeds
        (number of seeds that the mean covers: those with a value in both sweeps).

    Raises:
        InputError: the sweeps have no cell, seed and generation in common, or several cells of the other are equal in
            these axes.
    """
    keys = [name for name in axes if name in other]
    names = [column.name for column in columns]
    left, right = (frame.assign(**{key: frame[key].map(repr) for key in keys}) for frame in (table, other))
    both = left.merge(
        right[[*keys, "seed", "generation", "cell", *names]], on=[*keys, "seed", "generation"], suffixes=("", OTHER)
    )
    if both.empty:
        raise InputError("the two sweeps have no cell, seed and generation in common")
    if both.duplicated(["cell", "seed", "generation"]).any():
        differ = [name for name in _axes(other) if name not in keys and other[name].nunique(dropna=False) > 1]
        raise InputError(
            f"several cells of the other sweep match one cell of this sweep: they differ in {', '.join(differ)}"
        )
    both = last_generation(both) if generation is None else both[both["generation"] == generation]
    rows = []
    for cell, pairs in both.groupby("cell"):
        first = table[table["cell"] == cell].iloc[0]
        row = {"cell": cell} | {name: first[name] for name in axes}
        row |= {"generation": pairs["generation"].iloc[0], "seeds": pairs["seed"].nunique()}
        for column in columns:
            values, references = (pairs[f"{column.name}{suffix}"].to_numpy(float) for suffix in ("", OTHER))
            best = (targets or {}).get(column.name, {}).get(int(str(cell)), np.nan)
            worse = damage(values, references, column, best)
            mean = seed_mean(worse, bounds=column.excess_bounds, seeds=pairs["seed"])
            row |= {
                f"{column.name}_worse": mean.mean,
                f"{column.name}_worse_low": mean.low,
                f"{column.name}_worse_high": mean.high,
                f"{column.name}_worse_seeds": mean.seeds,
            }
        rows.append(row)
    return pd.DataFrame(rows)


def interval_texts(comparison: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """Replace the numbers of each metric by one column of text, ``<metric> worse``: 0.28 [0.21, 0.35] (9 of 10)."""
    for column in columns:
        names = [f"{column.name}_worse{part}" for part in ("", "_low", "_high", "_seeds")]
        texts = [
            f"{interval_text(mean, low, high)}{share_text(covered, seeds)}"
            for mean, low, high, covered, seeds in comparison[[*names, "seeds"]].itertuples(index=False, name=None)
        ]
        comparison = comparison.drop(columns=names).assign(**{f"{column.name} worse": texts})
    return comparison


def _axes(table: pd.DataFrame) -> list[str]:
    """Return the axes of a table: the columns between "cell" and "control"."""
    names = [str(name) for name in table]
    return names[names.index("cell") + 1 : names.index("control")]
