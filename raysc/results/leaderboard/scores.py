"""Scores of mitigations: the area under the excess over the control, paired by seed, and the cost."""

import numpy as np
import pandas as pd

from raysc.planning.resolved import ResolvedSweep, measured_generations
from raysc.results.leaderboard.benchmark import mitigation_name
from raysc.results.leaderboard.entries import is_mitigation
from raysc.results.table.columns import PHASES, main_columns

SECONDS_PER_HOUR = 3600


def seed_scores(resolved: ResolvedSweep, table: pd.DataFrame) -> pd.DataFrame:
    """Score each seed of each mitigation.

    The damage is A = (1/T) int_0^T e(t) dt by the trapezoidal rule over the measured generations. e(t) is the excess
    of the first metric: the logarithm of the metric over the control's of the same seed and generation, or for a
    metric in nats the difference. So A has no unit; exp A is the geometric mean over generations of the metric's ratio
    to the control's. It is infinite for a seed whose model diverged.

    Args:
        resolved: a benchmark sweep.
        table: its tidy table.

    Returns:
        One row per mitigation and seed with all measured generations: lineage, mitigation, seed, damage, rows (of a
        training set, mean over generations from 1 on), steps (optimiser steps of a generation, likewise) and hours (of
        all generations from 1 on).
    """
    generations = measured_generations(resolved.sweep)
    column = main_columns(resolved.sweep)[0]
    rows = table.assign(
        excess=table[f"{column.name}_excess"].where(~table["diverged"].astype(bool), np.inf),
        seconds=table[[f"seconds_{phase}" for phase in PHASES if f"seconds_{phase}" in table]].sum(axis=1),
    )
    scores = []
    for cell in filter(is_mitigation, resolved.cells):
        of_cell = rows[rows["cell"] == cell.number]
        for seed, of_seed in of_cell.groupby("seed"):
            excess = of_seed["excess"].to_numpy(float)
            if len(excess) < len(generations) or np.isnan(excess).any():
                continue
            later = of_seed[of_seed["generation"] > 0]
            scores.append(
                {
                    "lineage": cell.keys.lineage,
                    "mitigation": mitigation_name(cell.settings.regime, cell.settings.curation),
                    "seed": seed,
                    "damage": float(np.trapezoid(excess, generations)) / resolved.sweep.generations,
                    "rows": float((later["rows_real"] + later["rows_synthetic"]).mean()),
                    "steps": float(later["optimiser_steps"].mean()),
                    "hours": float(later["seconds"].sum()) / SECONDS_PER_HOUR,
                }
            )
    columns = ["lineage", "mitigation", "seed", "damage", "rows", "steps", "hours"]
    return pd.DataFrame(scores, columns=columns)
