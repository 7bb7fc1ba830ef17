"""The order in which units run: those whose damage at the last generation is least decided come first."""

from collections.abc import Sequence
from math import inf

import numpy as np
import pandas as pd

from raysc.planning.resolved import ResolvedSweep, measured_generations
from raysc.planning.units import LoopUnit, Unit
from raysc.results.statistics.forecast import forecast_last
from raysc.results.table.columns import main_columns
from raysc.results.table.table import controls_of


def forecast_order(resolved: ResolvedSweep, table: pd.DataFrame, units: Sequence[Unit]) -> list[Unit]:
    """Return units in the order of their forecasts.

    The forecast is of the excess of the first metric at the last generation. A lineage is decided by the distance of
    0, no damage, from the forecast, in half widths of its interval; below 1 the interval holds 0. Units without a
    forecast keep their order, after those that are undecided and before those that are decided.

    Args:
        resolved: the sweep.
        table: its tidy table.
        units: to be ordered.
    """
    decided = _decidedness(resolved, table)
    by_lineage: dict[tuple[str, int], float] = {
        (cell.keys.lineage, seed): decided[cell.number, seed]
        for cell in resolved.cells
        for seed in resolved.sweep.seeds_of(cell.number)
        if (cell.number, seed) in decided
    }

    def rank(unit: Unit) -> float:
        if not isinstance(unit, LoopUnit):
            return 1.0
        known = [by_lineage.get((key, seed), inf) for key in unit.published_keys for seed in unit.seeds]
        least = min(known, default=inf)
        return 1.0 if least == inf else least

    return sorted(units, key=rank)


def _decidedness(resolved: ResolvedSweep, table: pd.DataFrame) -> dict[tuple[int, int], float]:
    """Return the distance of 0 from the forecast of each run that has begun, in half widths, by cell and seed."""
    sweep = resolved.sweep
    if table.empty or not controls_of(sweep.cells):
        return {}
    generations = list(measured_generations(sweep))
    excess = table[~table["control"].astype(bool)].pivot(
        index=["cell", "seed"], columns="generation", values=f"{main_columns(sweep)[0].name}_excess"
    )
    curves = excess.reindex(columns=generations).to_numpy(float)
    present = np.isfinite(curves)
    finished = curves[present.all(axis=1)]
    # Values at the beginning without a gap; 0 at generation 0 says nothing.
    lengths = np.where(present.all(axis=1), 0, np.argmin(present, axis=1))
    decided: dict[tuple[int, int], float] = {}
    for length in sorted({int(length) for length in lengths if length >= 2}):
        chosen = np.flatnonzero(lengths == length)
        forecast = forecast_last(finished, curves[chosen, :length])
        if forecast is not None and forecast.half_width > 0:
            distances = np.abs(forecast.value) / forecast.half_width
            runs = excess.index[chosen].tolist()
            decided |= {run: float(distance) for run, distance in zip(runs, distances, strict=True)}
    return decided
