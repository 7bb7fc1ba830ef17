"""Means with intervals over seeds for groups of cells, and a metric of them laid out as rows and columns."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from raysc.results.statistics.averages import mean_of


def with_intervals(
    grouped: pd.DataFrame, table: pd.DataFrame, by: Sequence[str], metrics: Sequence[str]
) -> pd.DataFrame:
    """Add the 95 % interval of each mean to averaged groups.

    Seeds are the unit: what a group holds of one seed is averaged first, since its cells share their random numbers.

    Args:
        grouped: from ``averaged``, one row per group in order of appearance.
        table: what was averaged.
        by: the columns of the groups.
        metrics: the averaged columns.

    Returns:
        The same with <metric>_low and _high behind <metric>_mean; NaN for fewer than two seeds.
    """
    keys = list(by)
    by_seed = table.groupby([*keys, *({"seed"} - set(keys))], dropna=False, sort=False)
    each = None if "seed" in keys else by_seed[list(metrics)].mean()
    found = grouped
    for name in metrics:
        if each is None:
            low = high = np.full(len(grouped), np.nan)
        else:
            groups = each[name].groupby(level=list(range(len(keys))), dropna=False, sort=False)
            intervals = [mean_of(values.to_numpy(float)) for _, values in groups]
            low, high = (np.array([getattr(one, side) for one in intervals]) for side in ("low", "high"))
        place = found.columns.get_loc(f"{name}_mean")
        assert isinstance(place, int)
        found = pd.concat(
            [
                found.iloc[:, : place + 1],
                pd.DataFrame({f"{name}_low": low, f"{name}_high": high}, found.index),
                found.iloc[:, place + 1 :],
            ],
            axis=1,
        )
    return found


def pivoted(grouped: pd.DataFrame, by: Sequence[str], across: str, shown: str) -> pd.DataFrame:
    """Some column of averaged groups with the values of another side by side.

    Args:
        grouped: averaged groups, with intervals or without.
        by: the columns of the groups.
        across: one of them: its values become columns ``<across>=<value>``, in order of appearance.
        shown: the column that fills the table.

    Returns:
        One row per combination of the other columns, in order of appearance.
    """
    rows = [name for name in by if name != across]
    names = {value: f"{across}={'' if pd.isna(value) else value}" for value in grouped[across].drop_duplicates()}
    told = grouped[rows].drop_duplicates(ignore_index=True) if rows else pd.DataFrame(index=[0])
    for value, name in names.items():
        own = grouped[grouped[across].isna()] if pd.isna(value) else grouped[grouped[across] == value]
        own = own[[*rows, shown]].rename(columns={shown: name})
        told = told.merge(own, on=rows, how="left") if rows else told.assign(**{name: own[name].to_numpy()})
    return told
