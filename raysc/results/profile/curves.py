"""Curves of one metric of a cell beside those of its baseline, paired by seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from raysc.metrics.core.metric import Column

Baseline = Literal["control", "generation 0"]


@dataclass(frozen=True)
class PairedCurves:
    """Values of one metric over the generations of a cell, and those that they are compared with.

    Only seeds that have all generations of both sides are in it; a diverged model counts.

    Attributes:
        column: the metric's column.
        generations: the measured generations of the cell, int64 (generations,), ascending.
        values: float64 (seeds, generations); NaN for a diverged model.
        baseline: values of the control of the same seed and generation, or of generation 0 of the same seed, float64
            (seeds, generations).
        diverged: True for a diverged model, bool (seeds, generations).
        against: the baseline.
    """

    column: Column
    generations: np.ndarray
    values: np.ndarray
    baseline: np.ndarray
    diverged: np.ndarray
    against: Baseline

    @property
    def against_text(self) -> str:
        """Return ``the control's`` or ``generation 0's``."""
        return f"{'the control' if self.against == 'control' else self.against}'s"

    @property
    def has_logarithms(self) -> bool:
        """True if no value is below 0."""
        return not bool((np.concatenate([self.values, self.baseline]) < 0).any())

    def differences(self) -> np.ndarray:
        """Return value - baseline, float64 (seeds, generations); infinite for a diverged model."""
        with np.errstate(invalid="ignore"):
            return np.asarray(np.where(self.diverged, np.inf, self.values - self.baseline))

    def log_ratios(self) -> np.ndarray:
        """Return log(value / baseline), float64 (seeds, generations); infinite for a diverged model."""
        return np.asarray(np.where(self.diverged, np.inf, self._log_ratios()))

    def losses(self) -> np.ndarray:
        """Return baseline - value, float64 (seeds, generations); NaN for a diverged model."""
        return np.asarray(self.baseline - self.values)

    def log_losses(self) -> np.ndarray:
        """Return log(baseline / value), float64 (seeds, generations); NaN for a diverged model."""
        return -self._log_ratios()

    def _log_ratios(self) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.log(self.values) - np.log(self.baseline))


@dataclass(frozen=True)
class CurveReader:
    """Curves of the cells of a sweep, each read from the table once.

    Attributes:
        table: the tidy table.
        controls: cell -> its control.
    """

    table: pd.DataFrame
    controls: Mapping[int, int]
    _cache: dict[tuple[int, str], PairedCurves | None] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def _cells(self) -> dict[int, pd.DataFrame]:
        return {int(str(cell)): rows for cell, rows in self.table.groupby("cell")}

    def curves(self, cell: int, column: Column) -> PairedCurves | None:
        """Return a metric's curves of a cell beside its control's; beside generation 0 for a cell without a control.

        None for a cell without results, and without generation 0 where that is the baseline.
        """
        key = cell, column.name
        if key not in self._cache:
            self._cache[key] = self._read(cell, column)
        return self._cache[key]

    def _read(self, cell: int, column: Column) -> PairedCurves | None:
        if cell not in self._cells:
            return None
        rows = self._cells[cell]
        generations = np.sort(rows["generation"].unique())
        control = self.controls.get(cell, cell)
        if control == cell and generations[0] != 0:
            return None
        values, diverged = (_by_seed(rows, name, generations) for name in (column.name, "diverged"))
        baseline_rows = self._cells.get(control, rows.head(0))
        baseline, known = (
            _by_seed(baseline_rows, name, generations).reindex(values.index) for name in (column.name, "diverged")
        )
        if control == cell:
            baseline = pd.DataFrame({t: baseline[0] for t in generations})
        complete = (diverged.notna() & known.notna()).all(axis=1).to_numpy(bool)
        return PairedCurves(
            column,
            generations,
            values.to_numpy(float)[complete],
            baseline.to_numpy(float)[complete],
            diverged.to_numpy(float)[complete] == 1,
            "generation 0" if control == cell else "control",
        )


def _by_seed(rows: pd.DataFrame, column: str, generations: Sequence[int] | np.ndarray) -> pd.DataFrame:
    """Return a column by seed and generation, as numbers; NaN where a seed lacks a generation."""
    numbers = rows[["seed", "generation"]].assign(value=rows[column].astype(float))
    return numbers.pivot(index="seed", columns="generation", values="value").reindex(columns=list(generations))
