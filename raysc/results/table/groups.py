"""Statistics of groups of the tidy table's rows, with intervals over seeds, and pivot tables of them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from raysc.errors import InputError
from raysc.metrics.core.metric import Column
from raysc.results.statistics.averages import Mean, logarithms, seed_mean
from raysc.results.statistics.quantiles import quantiles
from raysc.sweepfile.messages import did_you_mean

if TYPE_CHECKING:
    from pandas.core.groupby import SeriesGroupBy

NOTHING_DECLARED: Mapping[str, Column] = {}
QUANTILES = (0.05, 0.25, 0.75, 0.95)
"""Quantiles of each group, beside mean, standard deviation, median, minimum and maximum."""
MIN_QUANTILE_SEEDS = 20
"""Least number of seeds of a group with quantiles: of fewer, the outer ones would lie between two seeds."""


def aggregate_by(
    table: pd.DataFrame, by: Sequence[str], metrics: Sequence[str], declared: Mapping[str, Column] = NOTHING_DECLARED
) -> pd.DataFrame:
    """Return ``aggregate`` of metrics, grouped by columns that a user named.

    Args:
        table: the tidy table or a part of it.
        by: columns to group by.
        metrics: columns of metrics.
        declared: name -> the metric's column, with the scale of the means and the bounds of their intervals.

    Raises:
        InputError: a column to group by does not exist.
    """
    groups = [str(name) for name in table if name not in metrics]
    for name in by:
        if name not in groups:
            raise InputError(f"--by {name}: no such column to group by{did_you_mean(name, groups)}")
    return aggregate(table, by, metrics, declared)


def aggregate(
    table: pd.DataFrame, by: Sequence[str], columns: Sequence[str], declared: Mapping[str, Column] = NOTHING_DECLARED
) -> pd.DataFrame:
    """Return the statistics of columns for each group of rows.

    Args:
        table: the tidy table or a part of it.
        by: columns to group by; an empty value is a group.
        columns: numeric columns to aggregate; NaN (diverged seeds, and those without a value) is left out.
        declared: name -> the metric's column, with the scale of the means and the bounds of their intervals; others
            have arithmetic means.

    Returns:
        One row per group, in order of appearance: ``by``, ``seeds`` (number of distinct ones), ``count`` (rows, one per
        cell, seed and generation), ``diverged`` (number of them that diverged), and for each column

        - _mean, _low, _high: mean over seeds with its 95 % interval. The rows of one seed in a group are averaged
          first, since the cells of a seed share their random numbers. No interval for fewer than two seeds
        - _sd (ddof 1), _median, _min, _max of the rows; _q05, _q25, _q75, _q95 by linear interpolation, NaN below 20
          seeds
        - _count: number of rows with a value, which are those that the statistics cover

        Infinite values have an infinite mean, no sd and no interval, and quantiles by order.
    """
    groups = table.groupby(list(by), dropna=False, sort=False)
    seeds = table.assign(seeds=table["seed"]).groupby(list(by), dropna=False, sort=False)["seeds"].nunique()
    statistics: dict[str, Any] = {"seeds": seeds, "count": groups.size(), "diverged": groups["diverged"].sum()}
    has_quantiles = seeds >= MIN_QUANTILE_SEEDS
    for name in columns:
        values = groups[name]
        means = _seed_means(table, by, name, declared.get(name))
        statistics |= {f"{name}_{part}": [getattr(mean, part) for mean in means] for part in ("mean", "low", "high")}
        statistics |= {f"{name}_sd": values.std(), f"{name}_median": values.median()}
        statistics |= {f"{name}_min": values.min(), f"{name}_max": values.max()}
        statistics |= {
            f"{name}_q{100 * share:02.0f}": _quantile(values, share).where(has_quantiles) for share in QUANTILES
        }
        statistics |= {f"{name}_count": values.count()}
    return pd.DataFrame(statistics).reset_index()


def _seed_means(table: pd.DataFrame, by: Sequence[str], name: str, column: Column | None) -> list[Mean]:
    """Return the mean over seeds of each group, in order of appearance; each seed has the mean of its rows."""
    geometric, bounds = (False, None) if column is None else (column.geometric, column.bounds)
    values = logarithms(table[name].to_numpy(float)) if geometric else table[name].to_numpy(float)
    keys = [*by, *({"seed"} - set(by))]
    with np.errstate(invalid="ignore"):
        by_seed = table[keys].assign(value=values).groupby(keys, dropna=False, sort=False)["value"].mean()
    if geometric:
        by_seed = np.exp(by_seed)
    groups = by_seed.groupby(level=list(range(len(by))), dropna=False, sort=False)
    return [
        seed_mean(of_group.to_numpy(float), geometric, bounds, of_group.index.get_level_values("seed"))
        for _, of_group in groups
    ]


def _quantile(groups: "SeriesGroupBy[Any, Any]", share: float) -> "pd.Series[Any]":
    """Return a quantile of each group; pandas has none where two infinite values are neighbours."""
    result = groups.quantile(share)
    if result.isna().any():
        return result.fillna(groups.agg(lambda values: quantiles(values.to_numpy(float), (share,))[0]))
    return result


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
