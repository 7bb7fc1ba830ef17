"""Means over seeds with 95 % intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from raysc.results.statistics.crossed import replicates
from raysc.results.statistics.intervals import CONFIDENCE_LEVEL, SkewAdjustedInterval
from raysc.seeds import share_seeds


@dataclass(frozen=True)
class Mean:
    """A mean over seeds and its interval.

    Attributes:
        mean: the mean; infinite if a value is, NaN without seeds or with infinite values of both signs.
        low: lower limit of the interval; NaN for fewer than two seeds, and if a value is infinite.
        high: upper limit of the interval; NaN likewise.
        seeds: number of seeds that were averaged. Seeds without a value are not among them.
    """

    mean: float
    low: float
    high: float
    seeds: int


Bounds = tuple[float, float] | None
"""Least and greatest possible value; None: none are known."""

SeedColumn: TypeAlias = "Sequence[int] | np.ndarray | pd.Series[int] | pd.Index[int] | None"
"""Seeds of some values; None: the values are independent."""


def seed_mean(
    values: np.ndarray,
    geometric: bool = False,
    bounds: Bounds = None,
    seeds: SeedColumn = None,
) -> Mean:
    """Return the mean and its 95 % interval, as for claims: Student's t, adjusted for skewed values.

    Args:
        values: float64 (seeds,); NaN (a seed without a value) is left out.
        geometric: return the geometric mean, with the interval of the logarithms' mean: both are positive. Values below
            0 are left out; the mean is 0 if a value is 0.
        bounds: of the values; the interval does not exceed them.
        seeds: the seed of each value. Values that share seeds of some purpose are not independent (``crossed``), and
            have no interval if a combination of the seeds has no value. None: all are independent.
    """
    if geometric:
        mean = seed_mean(logarithms(values), seeds=seeds)
        low, high = clip(np.exp([mean.low, mean.high]), bounds)
        return Mean(float(np.exp(mean.mean)), float(low), float(high), mean.seeds)
    known = values[~np.isnan(values)]
    if len(known) < 2:
        return Mean(float(known[0]) if len(known) else np.nan, np.nan, np.nan, len(known))
    if not np.isfinite(known).all():
        with np.errstate(invalid="ignore"):
            return Mean(float(known.mean()), np.nan, np.nan, len(known))
    known_seeds = () if seeds is None else np.asarray(seeds)[~np.isnan(values)].tolist()
    independent = replicates(known[:, None], known_seeds)
    if independent is None:
        return Mean(float(known.mean()), np.nan, np.nan, len(known))
    low, high = clip(np.ravel(SkewAdjustedInterval(independent).interval(CONFIDENCE_LEVEL)), bounds)
    return Mean(float(known.mean()), float(low), float(high), len(known))


def clip(limits: np.ndarray, bounds: Bounds) -> np.ndarray:
    """Return limits of intervals, float64 of any shape, moved to the nearest possible value."""
    return limits if bounds is None else np.clip(limits, *bounds)


def logarithms(values: np.ndarray) -> np.ndarray:
    """Return natural logarithms: minus infinity for 0, NaN for values below 0."""
    with np.errstate(divide="ignore"):
        return np.log(np.where(values >= 0, values, np.nan))


def seed_means(table: pd.DataFrame, column: str, geometric: bool, bounds: Bounds = None) -> pd.DataFrame:
    """Return the mean over seeds at each generation of each cell, with the pointwise 95 % intervals of ``seed_mean``.

    Args:
        table: columns cell, seed, generation, diverged and the metric's.
        column: the metric's column.
        geometric: True for geometric means; values below 0 are left out. A geometric mean is 0 if a value is 0.
        bounds: of the values; no interval exceeds them.

    Returns:
        One row per cell and generation, sorted: mean, median, low and high (NaN for fewer than two seeds, and if a
        value is infinite or the geometric mean is 0), seeds (number of averaged seeds), diverged (number of seeds whose
        model diverged, which are left out) and without_value (number of other seeds whose value is missing or has no
        logarithm).
    """
    rows = table[["cell", "generation", "diverged"]].assign(diverged=table["diverged"].astype(bool))
    values = np.where(rows["diverged"], np.nan, table[column].to_numpy(float))
    rows["value"] = logarithms(values) if geometric else values
    groups = rows.groupby(["cell", "generation"])
    means = groups["value"].agg(mean="mean", median="median", seeds="count")
    means["diverged"] = groups["diverged"].sum()
    means["without_value"] = groups.size() - means["seeds"] - means["diverged"]
    group = groups.ngroup().to_numpy()
    means[["low", "high"]] = _group_limits(rows["value"].to_numpy(), group, means["seeds"].to_numpy())
    if share_seeds(table["seed"].unique().tolist()):
        crossed = table[["seed"]].assign(value=rows["value"]).groupby([rows["cell"], rows["generation"]])
        limits = [seed_mean(group["value"].to_numpy(), seeds=group["seed"]) for _, group in crossed]
        means["low"], means["high"] = [mean.low for mean in limits], [mean.high for mean in limits]
    if geometric:
        means[["mean", "median", "low", "high"]] = np.exp(means[["mean", "median", "low", "high"]])
    means[["low", "high"]] = clip(means[["low", "high"]].to_numpy(), bounds)
    return means[["mean", "median", "low", "high", "seeds", "diverged", "without_value"]].reset_index()


def _group_limits(values: np.ndarray, group: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the limits of the interval of each group's mean; groups with equally many values are computed at once.

    Args:
        values: of all groups, float64 (rows,); NaN is left out.
        group: number of each value's group, int64 (rows,).
        counts: number of values of each group that are not NaN, int64 (groups,).

    Returns:
        float64 (groups, 2); NaN for fewer than two values, and if a value is infinite.
    """
    limits = np.full((len(counts), 2), np.nan)
    known = ~np.isnan(values)
    by_group = values[known][np.argsort(group[known], kind="stable")]
    ends = np.cumsum(counts)
    for count in np.unique(counts[counts >= 2]):
        numbers = np.flatnonzero(counts == count)
        columns = by_group[ends[numbers] - count + np.arange(count)[:, None]]
        finite = np.isfinite(columns).all(axis=0)
        limits[numbers[finite]] = np.transpose(SkewAdjustedInterval(columns[:, finite]).interval(CONFIDENCE_LEVEL))
    return limits
