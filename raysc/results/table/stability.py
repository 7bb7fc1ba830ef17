"""Stability over lambda and initial quality: damage against the control, whether it grows, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, nan

import numpy as np
import pandas as pd

from raysc.metrics.core.metric import Column
from raysc.planning.resolved import Line
from raysc.results.statistics.averages import Mean, mean_of
from raysc.results.table.table import controls_of


@dataclass(frozen=True)
class Stability:
    """What the seeds of one cell say, each against its own control.

    Attributes:
        cell: its place in the sweep.
        initial_quality: damage of generation 0 against real rows, mean over seeds.
        generation: the last one.
        excess: damage against the control of the same seed there: a log ratio, or a difference on a linear scale.
        slope: change of the excess per generation, by least squares over the measured generations from 1 on, seed by
            seed; not known for one generation.
        seeds: distinct ones that have results.
        diverged: of them, those whose model diverged: they have no excess, so the others' is too small.
    """

    cell: int
    initial_quality: float
    generation: int
    excess: Mean
    slope: Mean
    seeds: int
    diverged: int

    @property
    def half_life(self) -> tuple[float, float, float]:
        """Generations in which the ratio to the control halves (slope below 0) or doubles (above 0).

        For excesses that are log ratios: ln 2 / |slope|, with the interval that the slope's gives. If that holds 0, the
        direction is not known, and there is none: NaN.
        """
        if not self.slope.low * self.slope.high > 0:
            return nan, nan, nan
        ends = sorted(log(2) / abs(end) for end in (self.slope.low, self.slope.high))
        return log(2) / abs(self.slope.mean), ends[0], ends[1]


def stability(cells: Sequence[Line], table: pd.DataFrame, column: Column) -> list[Stability]:
    """Every cell that has a control, is none itself, and has results; in the sweep's order.

    Args:
        cells: of the sweep.
        table: the tidy table.
        column: the metric that damage is told by.
    """
    controls = controls_of([line.cell for line in cells])
    found = []
    for number, rows in table.groupby("cell"):
        cell = int(str(number))
        if controls.get(cell, cell) == cell:
            continue
        excess = rows.pivot(index="seed", columns="generation", values=f"{column.name}_excess")
        last = rows[rows["generation"] == rows["generation"].max()]
        found.append(
            Stability(
                cell=cell,
                initial_quality=float(rows.drop_duplicates("seed")["initial_quality"].mean()),
                generation=int(excess.columns[-1]),
                excess=mean_of(excess.iloc[:, -1].to_numpy(float)),
                slope=mean_of(slopes(excess.columns.to_numpy(int), excess.to_numpy(float))),
                seeds=int(rows["seed"].nunique()),
                diverged=int(last["diverged"].sum()),
            )
        )
    return found


def slopes(generations: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Least squares slope of each seed over the generations from 1 on.

    Args:
        generations: int (generations,).
        values: float64 (seeds, generations).

    Returns:
        float64 (seeds,); NaN for a seed that lacks one of them, and where there are fewer than two.
    """
    later = generations >= 1
    if later.sum() < 2:
        return np.full(len(values), nan)
    centred = generations[later] - generations[later].mean()
    return np.asarray(values[:, later] @ centred / np.square(centred).sum())


def tabulated(found: Sequence[Stability], cells: Sequence[Line]) -> pd.DataFrame:
    """One row per cell, with its axes."""
    rows = []
    for one in found:
        half, half_low, half_high = one.half_life
        rows.append(
            {
                "cell": one.cell,
                **cells[one.cell].cell.axes,
                "initial_quality": one.initial_quality,
                "generation": one.generation,
                "seeds": one.seeds,
                "diverged": one.diverged,
                "excess": one.excess.mean,
                "excess_low": one.excess.low,
                "excess_high": one.excess.high,
                "slope": one.slope.mean,
                "slope_low": one.slope.low,
                "slope_high": one.slope.high,
                "half_life": half,
                "half_life_low": half_low,
                "half_life_high": half_high,
            }
        )
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Boundary:
    """Where theory says that mixing real and synthetic rows is stable.

    Attributes:
        lambda_: stable below.
        known: the theorem's constants are known for this cell; else lambda is what it would be if they were the best.
    """

    lambda_: float
    known: bool


def boundary(line: Line) -> Boundary | None:
    """Theorem 1 of Bertrand et al. 2023: the loop is stable if lambda (1 + L eps / alpha) < 1/2; for ``mix`` alone.

    eps is the Wasserstein distance of the best model of the family from the data, L and alpha are constants of the
    likelihood. Where the family holds the data's distribution, eps is 0 and the condition is lambda < 1/2 exactly.
    Elsewhere it is not known, and lambda < 1/2 is at best sufficient; beyond it the theorem predicts nothing.
    """
    if line.cell.regime.name != "mix":
        return None
    return Boundary(0.5, known=(line.cell.data.name, line.cell.model.name) == ("gaussian", "gaussian"))
