"""Measure how often the forecast interval of the last generation holds its value, on held-out lineages.

    python benchmarks/forecast.py [STORE SWEEP...]

Without arguments: closed-form sweeps that are run here. Else finished sweeps of a store. The excess of the first metric
is forecast from the first tenth, quarter and half of the generations. Held out are a random half of the lineages, a
hundred times, and each cell in turn, with all of its seeds. Width is that of the interval over the range of the values
from 2.5 to 97.5 %.
"""

import sys
import tempfile
from functools import partial

import numpy as np
import pandas as pd

from raysc.execution.in_process import context_in_process, run_unit
from raysc.planning.open_sweep import open_sweep
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.results.statistics.forecast import forecast_last
from raysc.results.table.columns import main_columns
from raysc.results.table.table import load_table

REPEATS = 100
SHARES = (0.1, 0.25, 0.5)
SWEEPS = {
    "Gaussian": "frechet_distance",
    "Gaussian, trace": "trace_ratio",
}
"""Name -> metric."""


def curves_of(table: pd.DataFrame, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the excess of all finished lineages, float64 (lineages, generations), and their cells."""
    runs = table[~table["control"].astype(bool)]
    excess = runs.pivot(index=["cell", "seed"], columns="generation", values=f"{metric}_excess")
    curves = excess.to_numpy(float)
    finite = np.isfinite(curves).all(axis=1)
    return curves[finite], excess.index.get_level_values("cell").to_numpy()[finite]


def coverage(curves: np.ndarray, held_out: np.ndarray, count: int) -> tuple[int, int, float]:
    """Return the number of held-out lineages whose interval holds the last value, their number, and the half width."""
    forecast = forecast_last(curves[~held_out], curves[held_out][:, :count])
    assert forecast is not None
    errors = np.abs(curves[held_out][:, -1] - forecast.value)
    return int((errors <= forecast.half_width).sum()), int(held_out.sum()), forecast.half_width


def report(name: str, curves: np.ndarray, cells: np.ndarray) -> None:
    """Print the rows of one sweep."""
    generator = np.random.default_rng(0)
    spread = float(np.subtract(*np.quantile(curves[:, -1], [0.975, 0.025])))
    for share in SHARES:
        count = max(2, 1 + round(share * (curves.shape[1] - 1)))
        halves = [generator.permutation(len(curves)) < len(curves) // 2 for _ in range(REPEATS)]
        drawn = [coverage(curves, half, count) for half in halves]
        by_cell = [coverage(curves, cells == cell, count) for cell in np.unique(cells)]
        rates = [
            100 * sum(held for held, _, _ in part) / sum(total for _, total, _ in part) for part in (drawn, by_cell)
        ]
        width = 2 * np.mean([half for _, _, half in drawn]) / spread
        print(f"{name:32}{count - 1:>6} of {curves.shape[1] - 1:<4}{rates[0]:>10.1f}{rates[1]:>10.1f}{width:>10.2f}")


def main() -> None:
    """Print the table."""
    print(f"{'sweep':32}{'generations':>13}{'lineages':>9}{'cells':>10}{'width':>10}")
    if len(sys.argv) > 1:
        for sweep_name in sys.argv[2:]:
            sweep, objects = open_sweep(sweep_name, sys.argv[1])
            report(sweep.name, *curves_of(load_table(resolve(sweep), objects), main_columns(sweep)[0].name))
        return
    for name, metric in SWEEPS.items():
        values = {
            "name": "forecast",
            "data": {"name": "gaussian", "dim": 3, "rows": 50},
            "model": "gaussian",
            "loop": {"generations": 40},
            "space": [
                {"regime": ["replace", "accumulate", "accumulate_subsample"]},
                {"regime": "mix", "lambda": [0.5, 1.0, 2.0, 4.0, 8.0]},
            ],
            "seeds": 60,
            "metrics": [metric],
        }
        with tempfile.TemporaryDirectory() as folder:
            sweep, objects = open_sweep(values, folder)
            for unit in make_plan(resolve(sweep), objects).units:
                run_unit(unit, partial(context_in_process, sweep, objects))
            report(name, *curves_of(load_table(resolve(sweep), objects), metric))


if __name__ == "__main__":
    main()
