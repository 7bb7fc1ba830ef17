"""One metric's numbers, cell by cell, and what is missing of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from raysc.metrics.core.metric import Column


@dataclass(frozen=True)
class Readings:
    """A metric's values by cell, seed and generation.

    Attributes:
        rows: the tidy table's columns seed, generation, diverged, ended_generation and the metric's.
        places: cell -> its rows.
        column: the metric's.
        seeds: of the sweep.
    """

    rows: pd.DataFrame
    places: Mapping[int, np.ndarray]
    column: Column
    seeds: tuple[int, ...]

    def of(self, cell: int, generations: tuple[int, ...]) -> np.ndarray:
        """float64 (seeds, generations): infinite on the worse side where diverged, NaN where there is nothing."""
        return self._find(cell, generations)[0]

    def ended(self, cell: int) -> np.ndarray:
        """The generation at which ``loop.until`` ended a seed, float64 (seeds,); NaN where it did not."""
        rows = self.rows.iloc[self.places.get(cell, np.empty(0, int))]
        ends: pd.Series[float] = rows.groupby("seed")["ended_generation"].max()
        return ends.reindex(self.seeds).to_numpy(float)

    def _find(self, cell: int, generations: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """The numbers, and which of them diverged."""
        shape = len(self.seeds), len(generations)
        numbers, diverged = np.full(shape, np.nan), np.zeros(shape, bool)
        rows = self.rows.iloc[self.places.get(cell, np.empty(0, int))]
        seed = pd.Index(self.seeds).get_indexer(pd.Index(rows["seed"]))
        generation = pd.Index(generations).get_indexer(pd.Index(rows["generation"]))
        wanted = (seed >= 0) & (generation >= 0)
        where = seed[wanted], generation[wanted]
        numbers[where] = rows[self.column.name].to_numpy(float)[wanted]
        diverged[where] = rows["diverged"].to_numpy(bool)[wanted]
        return np.where(diverged, np.inf if self.column.better == "lower" else -np.inf, numbers), diverged

    def seeds_of(
        self, needed: Iterable[tuple[int, tuple[int, ...]]]
    ) -> tuple[np.ndarray, dict[int, int], dict[int, int]]:
        """Which seeds have everything, bool (seeds,); cell -> how many have not; cell -> how many diverged."""
        every = np.ones(len(self.seeds), bool)
        missing: dict[int, int] = {}
        ended: dict[int, int] = {}
        for cell, generations in needed:
            numbers, diverged = self._find(cell, generations)
            there = ~np.isnan(numbers).any(axis=1)
            every &= there
            if not there.all():
                missing[cell] = max(missing.get(cell, 0), int((~there).sum()))
            if diverged.any():
                ended[cell] = max(ended.get(cell, 0), int(diverged.any(axis=1).sum()))
        return every, missing, ended


def readings_of(table: pd.DataFrame, column: Column, seeds: tuple[int, ...]) -> Readings:
    """The readings of one metric's column from the tidy table."""
    places = {int(str(cell)): np.asarray(rows) for cell, rows in table.groupby("cell").indices.items()}
    ended = table.get("ended_generation", np.nan)
    rows = table[["seed", "generation", "diverged", column.name]].assign(ended_generation=ended)
    return Readings(rows, places, column, seeds)
