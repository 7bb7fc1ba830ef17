"""Stability of each cell: damage against its control, its growth per generation, and their intervals over seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log, nan

import numpy as np
import pandas as pd

from raysc.metrics.core.metric import Column
from raysc.planning.resolved import ResolvedCell
from raysc.results.statistics.averages import Mean, seed_mean
from raysc.results.table.table import controls_of
from raysc.settings import UNCURATED, Sample


@dataclass(frozen=True)
class Stability:
    """Damage of one cell against its control and the growth of the damage, paired by seed.

    Attributes:
        number: number of the cell in the sweep.
        initial_quality: damage of generation 0 against real rows, mean over seeds.
        generation: the last generation.
        excess: damage against the control of the same seed at the last generation: a log ratio, or a difference on a
            linear scale; infinite if a seed's is.
        slope: change of the excess per generation, by least squares over the measured generations from 1 on, for each
            seed; NaN for one generation.
        seeds: number of seeds with results. ``excess.seeds`` and ``slope.seeds`` are the numbers that the means cover.
        diverged: number of seeds whose model diverged. They have no excess, so the mean of the others is too small.
    """

    number: int
    initial_quality: float
    generation: int
    excess: Mean
    slope: Mean
    seeds: int
    diverged: int

    @property
    def half_life(self) -> tuple[float, float, float]:
        """Generations in which the ratio to the control halves (negative slope) or doubles (positive slope).

        It is ln 2 / |slope|, with the limits that follow from the slope's interval, for excesses that are log ratios.
        If the interval contains 0, the direction is not known and the three numbers are NaN.
        """
        if not self.slope.low * self.slope.high > 0:
            return nan, nan, nan
        ends = sorted(log(2) / abs(end) for end in (self.slope.low, self.slope.high))
        return log(2) / abs(self.slope.mean), ends[0], ends[1]


def cell_stabilities(cells: Sequence[ResolvedCell], table: pd.DataFrame, column: Column) -> list[Stability]:
    """Return the stability of each cell with a control and results, in the sweep's order; controls are left out.

    Args:
        cells: cells of the sweep.
        table: the tidy table.
        column: column of the metric that measures damage.
    """
    controls = controls_of([cell.settings for cell in cells])
    stabilities = []
    for number, rows in table.groupby("cell"):
        number = int(str(number))
        if controls.get(number, number) == number:
            continue
        excess = rows.pivot(index="seed", columns="generation", values=f"{column.name}_excess")
        last = rows[rows["generation"] == rows["generation"].max()]
        stabilities.append(
            Stability(
                number=number,
                initial_quality=float(rows.drop_duplicates("seed")["initial_quality"].mean()),
                generation=int(excess.columns[-1]),
                excess=seed_mean(excess.iloc[:, -1].to_numpy(float), bounds=column.excess_bounds, seeds=excess.index),
                slope=seed_mean(slopes(excess.columns.to_numpy(int), excess.to_numpy(float)), seeds=excess.index),
                seeds=int(rows["seed"].nunique()),
                diverged=int(last["diverged"].sum()),
            )
        )
    return stabilities


def excess_unit(column: Column) -> str:
    """Return the unit of a metric's excess, in words."""
    if column.better == "near":
        distance = "|log(value / best value)|" if column.scale == "log" else "|value - best value|"
        return f"{distance} beyond the control's"
    return "log ratio to the control" if column.scale == "log" else "difference from the control"


def slopes(generations: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the least squares slope of each seed over the generations from 1 on.

    Args:
        generations: int (generations,).
        values: float64 (seeds, generations).

    Returns:
        float64 (seeds,); NaN for a seed that lacks a generation, and for all seeds if there are fewer than two. With
        infinite values it is the limit for large values of the same signs: infinite, or NaN if all are infinite.
    """
    later = generations >= 1
    if later.sum() < 2:
        return np.full(len(values), nan)
    centred = generations[later] - generations[later].mean()
    values = values[:, later]
    infinite = np.isinf(values)
    result = np.asarray(np.where(infinite, 0.0, values) @ centred / np.square(centred).sum())
    direction = np.where(infinite, np.sign(values), 0.0) @ centred
    with np.errstate(divide="ignore", invalid="ignore"):
        limits = np.where(np.isclose(direction, 0, atol=1e-9 * np.abs(centred).sum()), np.nan, direction * np.inf)
    return np.where(infinite.any(axis=1) & ~np.isnan(result), limits, result)


def stability_frame(stabilities: Sequence[Stability], cells: Sequence[ResolvedCell]) -> pd.DataFrame:
    """Return a table with one row per stability: its cell with its axes, and its numbers."""
    rows = []
    for stability in stabilities:
        half, half_low, half_high = stability.half_life
        rows.append(
            {
                "cell": stability.number,
                **cells[stability.number].settings.axes,
                "initial_quality": stability.initial_quality,
                "generation": stability.generation,
                "seeds": stability.seeds,
                "diverged": stability.diverged,
                "excess": stability.excess.mean,
                "excess_low": stability.excess.low,
                "excess_high": stability.excess.high,
                "excess_seeds": stability.excess.seeds,
                "slope": stability.slope.mean,
                "slope_low": stability.slope.low,
                "slope_high": stability.slope.high,
                "slope_seeds": stability.slope.seeds,
                "half_life": half,
                "half_life_low": half_low,
                "half_life_high": half_high,
            }
        )
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class StabilityBoundary:
    """The lambda up to which theory promises stability.

    Attributes:
        lambda_: the boundary; infinite if every lambda is stable.
        exact: True if larger lambdas are unstable; False if theory says nothing of them.
    """

    lambda_: float
    exact: bool


SUFFICIENT = StabilityBoundary(0.5, exact=False)
"""Theorem 1 of Bertrand et al. 2023 with eps = 0."""


def stability_boundary(cell: ResolvedCell) -> StabilityBoundary | None:
    """Return the boundary under ``mix``; None for other regimes, curations, coupled models and biased samples.

    A Gaussian is an exponential family: with many rows its loop contracts by lambda / (1 + lambda) per generation,
    whatever the data, so it is stable for every lambda. If its samples have c times its covariance, the covariance
    goes by lambda c / (1 + lambda) instead, which is below 1 for lambda (c - 1) < 1. For other families stands theorem
    1 of Bertrand et al. 2023: the loop is stable if lambda (1 + L eps / alpha) < 1/2. eps is the Wasserstein distance
    of the best model of the family from the data, L and alpha are constants of the likelihood. They are not known, and
    lambda < 1/2 is sufficient in the best case, eps = 0. Above 1/2 the theorem predicts nothing.
    """
    settings = cell.settings
    if settings.regime.name != "mix" or settings.curation.name != UNCURATED or settings.coupling is not None:
        return None
    sample = settings.loop_sample
    if settings.model.name == "gaussian" and sample.guide is None:
        scale = sample.covariance_scale * sample.temperature**2
        return StabilityBoundary(inf if scale <= 1 else 1 / (scale - 1), exact=True)
    return None if _is_biased(sample) else SUFFICIENT


def _is_biased(sample: Sample) -> bool:
    """Return True if samples have another distribution than the model's, as continuations of real prompts do."""
    changes = sample.guide, sample.truncation, sample.top_k, sample.accept, sample.prompt_tokens, sample.template
    return any(change is not None for change in changes) or (sample.temperature, sample.top_p) != (1, 1)
