from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from raysc.metrics.core.metric import Better, Column
from raysc.planning.resolved import resolve
from raysc.results.table.collapse import collapse_generation
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from tests.conftest import MakeSweep, RunSweep


@pytest.mark.parametrize(("better", "sign"), [("higher", 1), ("lower", -1)])
def test_collapse_is_the_first_generation_at_the_threshold_or_beyond(better: Better, sign: int) -> None:
    column = Column("m", better, "linear", "none", collapse_threshold=sign * 0.1)
    values = [[0.5, 0.1, 0.3], [0.5, 0.4, 0.3], [0.05, np.nan, np.nan]]
    rows = [
        (0, seed, t, sign * value)
        for seed, seed_values in enumerate(values)
        for t, value in zip((0, 2, 9), seed_values, strict=True)
    ]
    table = pd.DataFrame(rows, columns=["cell", "seed", "generation", "m"])
    collapse = collapse_generation(table, column)
    np.testing.assert_array_equal(collapse, [2.0] * 3 + [np.nan] * 3 + [0.0] * 3)


def test_the_table_has_the_collapse_if_a_metric_has_a_threshold(
    make_sweep: MakeSweep, run_sweep: RunSweep, gaussian_text: str, tmp_path: Path
) -> None:
    objects = Objects.open(str(tmp_path))
    sweep = make_sweep(
        gaussian_text, "metrics=[nll, trace_ratio]", "data.rows=4", "space=[{regime: replace}]", "loop.generations=40"
    )
    run_sweep(sweep, objects)
    table = load_table(resolve(sweep), objects)
    replace = table[table["regime"] == "replace"]
    for _, rows in replace.groupby("seed"):
        t = int(rows["collapse_generation"].iloc[0])
        values = rows.set_index("generation")["trace_ratio"]
        assert values[t] <= 0.01 < values[t - 1]
    assert table[table["control"]]["collapse_generation"].isna().all()


def test_a_discrete_distribution_has_collapsed_when_one_outcome_is_left(
    make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path: Path
) -> None:
    objects = Objects.open(str(tmp_path))
    sweep = make_sweep(
        "name: one-left\ndata: {name: categories, outcomes: 5, rows: 4}\nmodel: discrete\nloop: {generations: 30}\n"
        "space: {regime: [replace, accumulate]}\nseeds: 10\nmetrics: [outcomes_lost, entropy]\ncontrol: false\n"
    )
    run_sweep(sweep, objects)
    table = load_table(resolve(sweep), objects)
    for (regime, _), rows in table.groupby(["regime", "seed"]):
        generations = rows[rows["outcomes_lost"] == 4]["generation"]
        first = generations.min() if len(generations) else np.nan
        np.testing.assert_array_equal(rows["collapse_generation"], np.full(31, first))
        assert regime == "accumulate" or len(generations)
