"""Values of one metric by cell, seed and generation, and the seeds with missing values."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from raysc.metrics.core.metric import Better, Column
from raysc.results.table.unmoved_weights import unmoved_generations
from raysc.sweepfile.claims import Statistic

WORST: Mapping[Better, float] = {"lower": np.inf, "higher": -np.inf, "near": np.nan}
"""Direction of improvement -> value of a diverged model."""

STATISTICS: Mapping[Statistic, Callable[..., Any]] = {"mean": np.mean, "least": np.min, "largest": np.max}


@dataclass(frozen=True)
class Coverage:
    """The seeds that have all values of a case.

    Attributes:
        complete: bool (seeds,), True for a seed without a missing value.
        missing: cell -> number of seeds that lack a value; cells without such seeds are left out.
        diverged: cell -> number of seeds whose model diverged; cells without such seeds are left out.
        infinite: cell -> number of other seeds with an infinite value, or one without a finite logarithm (0) where
            logarithms are compared; cells without such seeds are left out.
        unmoved: cell -> number of seeds with a generation whose weights did not move; cells without are left out.
    """

    complete: np.ndarray
    missing: Mapping[int, int]
    diverged: Mapping[int, int]
    infinite: Mapping[int, int]
    unmoved: Mapping[int, int]


@dataclass(frozen=True)
class MetricValues:
    """Values of one metric by cell, seed and generation.

    Attributes:
        rows: the tidy table's columns seed, generation, diverged, ended_generation and the metric's.
        row_indices: cell -> indices of its rows.
        column: the metric's column.
        seeds: seeds of the sweep.
        unmoved: cell -> number of seeds with a generation whose weights did not move.
        models: cell -> the cells of all of its models, whose values become one; cells that are not listed have their
            own.
        statistic: how they become one.
    """

    rows: pd.DataFrame
    row_indices: Mapping[int, np.ndarray]
    column: Column
    seeds: tuple[int, ...]
    unmoved: Mapping[int, int] = field(default_factory=dict)
    models: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    statistic: Statistic = "mean"

    def at(self, cell: int, generations: tuple[int, ...]) -> np.ndarray:
        """Return a cell's values at some generations.

        Returns:
            float64 (seeds, generations): infinite on the metric's worse side if the model diverged, NaN if the value is
            missing, or if the model diverged and both sides of the metric's target are worse.
        """
        return self._lookup(cell, generations)[0]

    def ended(self, cell: int) -> np.ndarray:
        """Return the generation at which ``loop.until`` ended each seed, float64 (seeds,); NaN for the others."""
        ends: pd.Series[float] = self._rows_of(cell).groupby("seed")["ended_generation"].max()
        return ends.reindex(self.seeds).to_numpy(float)

    def coverage(self, required: Iterable[tuple[int, tuple[int, ...]]], logarithms: bool) -> Coverage:
        """Return the seeds that have all required values, and the numbers of those that do not.

        Args:
            required: cells, each with its generations; a cell may occur several times.
            logarithms: True if logarithms of the values are compared.
        """
        complete = np.ones(len(self.seeds), bool)
        missing: dict[int, int] = {}
        diverged: dict[int, int] = {}
        infinite: dict[int, int] = {}
        unmoved = {}
        for cell, generations in required:
            if seeds_unmoved := max(self.unmoved.get(model, 0) for model in self.models.get(cell, (cell,))):
                unmoved[cell] = seeds_unmoved
            values, has_diverged = self._lookup(cell, generations)
            after_end = np.array(generations) > self.ended(cell)[:, None]  # absent, if tables do not repeat values
            has_values = (~np.isnan(values) | after_end).all(axis=1)
            complete &= has_values
            if not has_values.all():
                missing[cell] = max(missing.get(cell, 0), int((~has_values).sum()))
            if has_diverged.any():
                diverged[cell] = max(diverged.get(cell, 0), int(has_diverged.any(axis=1).sum()))
            is_infinite = np.isinf(values) | (values == 0) if logarithms else np.isinf(values)
            seeds = int((is_infinite.any(axis=1) & ~has_diverged.any(axis=1)).sum())
            if seeds:
                infinite[cell] = max(infinite.get(cell, 0), seeds)
        return Coverage(complete, missing, diverged, infinite, unmoved)

    def _rows_of(self, cell: int) -> pd.DataFrame:
        return self.rows.iloc[self.row_indices.get(cell, np.empty(0, int))]

    def _lookup(self, cell: int, generations: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Return the values, float64 (seeds, generations), and a mask of diverged models, bool of the same shape."""
        models = [self._lookup_model(model, generations) for model in self.models.get(cell, (cell,))]
        values: np.ndarray = STATISTICS[self.statistic](np.stack([values for values, _ in models]), axis=0)
        diverged: np.ndarray = np.any([diverged for _, diverged in models], axis=0)
        return values, diverged

    def _lookup_model(self, cell: int, generations: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        shape = len(self.seeds), len(generations)
        values, diverged = np.full(shape, np.nan), np.zeros(shape, bool)
        rows = self._rows_of(cell)
        seed = pd.Index(self.seeds).get_indexer(pd.Index(rows["seed"]))
        generation = pd.Index(generations).get_indexer(pd.Index(rows["generation"]))
        selected = (seed >= 0) & (generation >= 0)
        position = seed[selected], generation[selected]
        values[position] = rows[self.column.name].to_numpy(float)[selected]
        diverged[position] = rows["diverged"].to_numpy(bool)[selected]
        return np.where(diverged, WORST[self.column.better], values), diverged


def metric_values(table: pd.DataFrame, column: Column, seeds: tuple[int, ...]) -> MetricValues:
    """Return the values of one metric's column from the tidy table.

    Args:
        table: from ``load_table``.
        column: the metric's column.
        seeds: seeds of the sweep, in the order of the values.
    """
    row_indices = {int(str(cell)): np.asarray(rows) for cell, rows in table.groupby("cell").indices.items()}
    ended = table.get("ended_generation", np.nan)
    rows = table[["seed", "generation", "diverged", column.name]].assign(ended_generation=ended)
    unmoved = {cell: len(generations) for cell, generations in unmoved_generations(table).items()}
    return MetricValues(rows, row_indices, column, seeds, unmoved)
