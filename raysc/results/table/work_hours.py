"""Time of the units that made a table, as their records have it."""

import pandas as pd

from raysc.results.table.columns import PHASES

WORK_COLUMNS = [f"seconds_{phase}" for phase in PHASES if phase != "wait"]


def work_seconds(table: pd.DataFrame) -> "pd.Series[float]":
    """Return the seconds of work of each row, float64 (rows,), without waiting; 0 where none were recorded."""
    return table.reindex(columns=WORK_COLUMNS).sum(axis=1)


def unit_hours(table: pd.DataFrame) -> float:
    """Return the hours of work of the units that made a table; a generation that several cells share counts once."""
    distinct = table.drop_duplicates(["lineage", "seed", "generation"])
    return float(work_seconds(distinct).sum()) / 3600
