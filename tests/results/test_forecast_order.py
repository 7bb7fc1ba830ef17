"""The order of units by forecasts."""

from dataclasses import replace

import numpy as np
import pandas as pd

from raysc.planning.resolved import resolve
from raysc.planning.units import LoopUnit
from raysc.results.forecast_order import forecast_order
from tests.conftest import MakeSweep

SEEDS, GENERATIONS = 24, 6


def test_the_least_decided_lineages_run_first(make_sweep: MakeSweep, gaussian_text: str) -> None:
    sweep = make_sweep(gaussian_text, f"seeds={SEEDS}", f"loop.generations={GENERATIONS - 1}")
    resolved = resolve(sweep)
    cell = resolved.cells[0]
    units = [LoopUnit(cell, (seed,), 1, "more generations", GENERATIONS) for seed in range(SEEDS)]
    generator = np.random.default_rng(0)
    slopes = generator.normal(0, 0.3, SEEDS)
    slopes[0], slopes[3] = 3.0, 0.0  # clear damage, and none
    excess = slopes[:, None] * np.arange(GENERATIONS) + generator.normal(0, 0.2, (SEEDS, GENERATIONS))
    table = pd.DataFrame(
        [(0, seed, t, False, excess[seed, t]) for seed in range(SEEDS) for t in range(GENERATIONS)],
        columns=["cell", "seed", "generation", "control", "frechet_distance_excess"],
    )
    begun = table[~(table["seed"].isin([0, 3]) & (table["generation"] > 2))]

    ordered = forecast_order(resolved, begun, units)
    assert ordered == [units[3], *units[1:3], *units[4:], units[0]]
    assert forecast_order(resolved, table, units) == units, "all are finished"
    assert forecast_order(resolved, begun[begun["seed"] < 12], units) == units, "too few are finished"
    assert forecast_order(resolved, table.head(0), units) == units, "nothing has begun"

    cells = tuple(cell.model_copy(update={"compared_with": None}) for cell in sweep.cells)
    without = replace(resolved, sweep=replace(sweep, cells=cells))
    assert forecast_order(without, begun, units) == units, "without controls there is no damage"
