"""Two sweeps side by side: cells with the same axes, seed by seed."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from raysc.errors import InputError
from raysc.metrics.core.metric import Column
from raysc.results.statistics.averages import mean_of
from raysc.results.statistics.excess import damage
from raysc.results.table.selection import last_generation
from raysc.results.table.text import interval_text


def compared(
    table: pd.DataFrame, other: pd.DataFrame, axes: Sequence[str], columns: Sequence[Column], generation: int | None
) -> pd.DataFrame:
    """How much worse one sweep is than another.

    Args:
        table: of the one, from ``load_table``.
        other: of the other.
        axes: of the one; those that the other's table has too, with the same values, say which cells belong together.
        columns: metrics that both have.
        generation: at which; None: at the last one that a cell has in both.

    Returns:
        One row per cell of the one, in order: its axes, generation, seeds (those that both have), and per metric
        <metric>_worse (mean over seeds of the log ratio or difference, above 0 where the one is worse), _worse_low and
        _worse_high (its paired 95 % interval; NaN for fewer than two seeds).

    Raises:
        InputError: the two have no cell, seed and generation in common, or cells of the other cannot be told apart by
            these axes.
    """
    keys = [name for name in axes if name in other]
    names = [column.name for column in columns]
    one, two = (frame.assign(**{key: frame[key].map(repr) for key in keys}) for frame in (table, other))
    both = one.merge(
        two[[*keys, "seed", "generation", "cell", *names]],
        on=[*keys, "seed", "generation"],
        suffixes=("", "_of_the_other"),
    )
    if both.empty:
        raise InputError("the two sweeps have no cell, seed and generation in common")
    if both.duplicated(["cell", "seed", "generation"]).any():
        differ = [name for name in _axes(other) if name not in keys and other[name].nunique(dropna=False) > 1]
        raise InputError(f"several cells of the other sweep fit one of this: they differ in {', '.join(differ)}")
    both = last_generation(both) if generation is None else both[both["generation"] == generation]
    rows = []
    for cell, own in both.groupby("cell"):
        first = table[table["cell"] == cell].iloc[0]
        row = {"cell": cell} | {name: first[name] for name in axes}
        row |= {"generation": own["generation"].iloc[0], "seeds": own["seed"].nunique()}
        for column in columns:
            values, others = (own[f"{column.name}{suffix}"].to_numpy(float) for suffix in ("", "_of_the_other"))
            mean = mean_of(np.asarray(damage(values, others, column)))
            row |= {
                f"{column.name}_worse": mean.mean,
                f"{column.name}_worse_low": mean.low,
                f"{column.name}_worse_high": mean.high,
            }
        rows.append(row)
    return pd.DataFrame(rows)


def in_words(found: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """The same with one column of text per metric, ``<metric> worse``: 0.28 [0.21, 0.35]."""
    for column in columns:
        names = [f"{column.name}_worse", f"{column.name}_worse_low", f"{column.name}_worse_high"]
        told = [interval_text(*numbers) for numbers in found[names].itertuples(index=False, name=None)]
        found = found.drop(columns=names).assign(**{f"{column.name} worse": told})
    return found


def _axes(table: pd.DataFrame) -> list[str]:
    """The axes of a table: what stands between the cell and whether it is a control."""
    names = [str(name) for name in table]
    return names[names.index("cell") + 1 : names.index("control")]
