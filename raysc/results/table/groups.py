"""Statistics of groups of the tidy table's rows, with intervals over seeds, and pivot tables of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from raysc.errors import InputError
from raysc.results.statistics.averages import seed_mean
from raysc.results.statistics.quantiles import quantiles
from raysc.sweepfile.messages import did_you_mean

if TYPE_CHECKING:
    from pandas.core.groupby import SeriesGroupBy

QUANTILES = (0.05, 0.25, 0.75, 0.95)
"""Quantiles of each group, beside mean, standard deviation and median."""


def aggregate_by(table: pd.DataFrame, by: Sequence[str], metrics: Sequence[str]) -> pd.DataFrame:
    """Return ``aggregate`` of metrics, grouped by columns that a user named.

    Args:
        table: the tidy table or a part of it.
        by: columns to group by.
        metrics: columns of metrics.

    Raises:
        InputError: a column to group by does not exist.
    """
    groups = [str(name) for name in table if name not in metrics]
    for name in by:
        if name not in groups:
            raise InputError(f"--by {name}: no such column to group by{did_you_mean(name, groups)}")
    return aggregate(table, by, metrics)


def aggregate(table: pd.DataFrame, by: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """Return mean, standard deviation, median and quantiles of columns for each group of rows.

    Args:
        table: the tidy table or a part of it.
        by: columns to group by; an empty value is a group.
        columns: numeric columns to aggregate; NaN (diverged seeds, and those without a value) is left out.

    Returns:
        One row per group, in order of appearance: ``by``, ``count`` (rows, one per cell, seed and generation),
        ``diverged`` (number of them that diverged), and <column>_mean, _sd (ddof 1), _median, _q05, _q25, _q75, _q95
        and _count for each column: quantiles by linear interpolation, and the number of rows with a value, which are
        those that the statistics cover. Infinite values have an infinite mean, no sd, and quantiles by order.
    """
    groups = table.groupby(list(by), dropna=False, sort=False)
    statistics = {"count": groups.size(), "diverged": groups["diverged"].sum()}
    for name in columns:
        values = groups[name]
        statistics |= {f"{name}_mean": values.mean(), f"{name}_sd": values.std(), f"{name}_median": values.median()}
        statistics |= {f"{name}_q{100 * share:02.0f}": _quantile(values, share) for share in QUANTILES}
        statistics |= {f"{name}_count": values.count()}
    return pd.DataFrame(statistics).reset_index()


def _quantile(groups: "SeriesGroupBy[Any, Any]", share: float) -> "pd.Series[Any]":
    """Return a quantile of each group; pandas has none where two infinite values are neighbours."""
    result = groups.quantile(share)
    if result.isna().any():
        return result.fillna(groups.agg(lambda values: quantiles(values.to_numpy(float), (share,))[0]))
    return result


def add_intervals(
    grouped: pd.DataFrame, table: pd.DataFrame, by: Sequence[str], metrics: Sequence[str]
) -> pd.DataFrame:
    """Add the 95 % interval of each mean over seeds.

    The rows of one seed in a group are averaged first, since the cells of a seed share their random numbers.

    Args:
        grouped: from ``aggregate_by``, one row per group in order of appearance.
        table: the table that was grouped.
        by: columns of the groups.
        metrics: the aggregated columns.

    Returns:
        ``grouped`` with <metric>_low and _high after <metric>_mean; NaN for fewer than two seeds, and for infinite
        means.
    """
    keys = list(by)
    by_seed = table.groupby([*keys, *({"seed"} - set(keys))], dropna=False, sort=False)
    seed_values = None if "seed" in keys else by_seed[list(metrics)].mean()
    for name in metrics:
        if seed_values is None:
            low = high = np.full(len(grouped), np.nan)
        else:
            groups = seed_values[name].groupby(level=list(range(len(keys))), dropna=False, sort=False)
            means = [seed_mean(values.to_numpy(float)) for _, values in groups]
            low, high = np.array([mean.low for mean in means]), np.array([mean.high for mean in means])
        index = grouped.columns.get_loc(f"{name}_mean")
        assert isinstance(index, int)
        limits = pd.DataFrame({f"{name}_low": low, f"{name}_high": high}, grouped.index)
        grouped = pd.concat([grouped.iloc[:, : index + 1], limits, grouped.iloc[:, index + 1 :]], axis=1)
    return grouped


def pivot_groups(grouped: pd.DataFrame, by: Sequence[str], across: str, values: str) -> pd.DataFrame:
    """Return a pivot table of aggregated groups: the values of one grouping column become columns.

    Args:
        grouped: aggregated groups, with or without intervals.
        by: columns of the groups.
        across: the one of them that becomes columns ``<across>=<value>``, in order of appearance.
        values: the column that fills the table.

    Returns:
        One row per combination of the other grouping columns, in order of appearance.
    """
    rows = [name for name in by if name != across]
    names = {value: f"{across}={'' if pd.isna(value) else value}" for value in grouped[across].drop_duplicates()}
    pivot = grouped[rows].drop_duplicates(ignore_index=True) if rows else pd.DataFrame(index=[0])
    for value, name in names.items():
        group = grouped[grouped[across].isna()] if pd.isna(value) else grouped[grouped[across] == value]
        group = group[[*rows, values]].rename(columns={values: name})
        pivot = pivot.merge(group, on=rows, how="left") if rows else pivot.assign(**{name: group[name].to_numpy()})
    return pivot
