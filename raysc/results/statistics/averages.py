"""Means over seeds with their intervals: what curves are drawn from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from raysc.results.statistics.intervals import Bca, Student
from raysc.results.statistics.verdicts import LEVEL, MANY


@dataclass(frozen=True)
class Mean:
    """A mean over seeds and its interval.

    Attributes:
        mean: NaN if there is no seed.
        low: lower limit; NaN for fewer than two seeds.
        high: upper limit.
        seeds: that were averaged.
    """

    mean: float
    low: float
    high: float
    seeds: int


def mean_of(values: np.ndarray) -> Mean:
    """Mean and 95 % interval as claims are judged by: Student's t below 50 seeds, the BCa bootstrap from there.

    Args:
        values: float64 (seeds,); what is not finite is left out.
    """
    finite = values[np.isfinite(values)]
    if len(finite) < 2:
        return Mean(float(finite[0]) if len(finite) else np.nan, np.nan, np.nan, len(finite))
    interval = Student(finite[:, None]) if len(finite) < MANY else Bca(finite[:, None])
    low, high = interval.interval(LEVEL)
    return Mean(float(finite.mean()), float(low[0]), float(high[0]), len(finite))


def over_seeds(table: pd.DataFrame, column: str, logarithms: bool) -> pd.DataFrame:
    """A column's mean over seeds at each generation of each cell, with Student's 95 % interval of each by itself.

    Args:
        table: columns cell, seed, generation, diverged and the metric's.
        column: the metric's.
        logarithms: average logarithms: means are geometric then, and values that have none are left out.

    Returns:
        One row per cell and generation, sorted: mean, median, low and high (NaN for fewer than two seeds), seeds
        (distinct ones that were averaged), diverged and without_value (seeds that were not, since their model diverged
        or since their value is missing or has no logarithm).
    """
    values = table[column].to_numpy(float)
    if logarithms:
        values = np.log(np.where(values > 0, values, np.nan))
    told = table[["cell", "generation", "diverged"]].assign(value=np.where(np.isfinite(values), values, np.nan))
    told["diverged"] = told["diverged"].astype(bool)
    groups = told.groupby(["cell", "generation"])
    found = groups["value"].agg(mean="mean", median="median", spread="std", seeds="count")
    found["diverged"] = groups["diverged"].sum()
    found["without_value"] = groups.size() - found["seeds"] - found["diverged"]
    seeds = found["seeds"].to_numpy()
    half = found["spread"] * stats.t.ppf((1 + LEVEL) / 2, np.maximum(seeds - 1, 1)) / np.sqrt(np.maximum(seeds, 1))
    found["low"], found["high"] = found["mean"] - half, found["mean"] + half
    if logarithms:
        found[["mean", "median", "low", "high"]] = np.exp(found[["mean", "median", "low", "high"]])
    return found[["mean", "median", "low", "high", "seeds", "diverged", "without_value"]].reset_index()
