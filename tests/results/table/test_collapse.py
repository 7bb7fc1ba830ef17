"""When a model collapsed."""

import numpy as np
import pandas as pd
import pytest

from raysc.metrics.core.metric import Column
from raysc.results.table.collapse import collapse_generation
from raysc.results.table.table import load_table
from raysc.store.objects import Objects


@pytest.mark.parametrize(("better", "sign"), [("higher", 1), ("lower", -1)])
def test_it_is_the_first_generation_at_the_level_or_beyond(better, sign) -> None:
    column = Column("m", better, "linear", "neither", collapsed=sign * 0.1)
    falling = [[0.5, 0.1, 0.3], [0.5, 0.4, 0.3], [0.05, np.nan, np.nan]]
    rows = [
        (0, seed, t, sign * value) for seed, own in enumerate(falling) for t, value in zip((0, 2, 9), own, strict=True)
    ]
    table = pd.DataFrame(rows, columns=["cell", "seed", "generation", "m"])
    found = collapse_generation(table, column)
    np.testing.assert_array_equal(found, [2.0] * 3 + [np.nan] * 3 + [0.0] * 3)


def test_the_table_tells_it_where_a_metric_does(make_sweep, run_sweep, gaussian_text, tmp_path) -> None:
    objects = Objects.at(str(tmp_path))
    sweep = make_sweep(
        gaussian_text, "metrics=[nll, trace_ratio]", "data.rows=4", "space=[{regime: replace}]", "loop.generations=40"
    )
    run_sweep(sweep, objects)
    table = load_table(sweep, objects)
    collapsed = table[table["regime"] == "replace"]
    first = collapsed.groupby("seed")["collapse_generation"].first()
    assert first.notna().all()
    for seed, t in first.items():
        own = collapsed[collapsed["seed"] == seed].set_index("generation")["trace_ratio"]
        assert own[t] <= 0.01 < own[t - 1]
    assert table[table["control"]]["collapse_generation"].isna().all()


def test_a_discrete_distribution_has_collapsed_when_one_outcome_is_left(make_sweep, run_sweep, tmp_path):
    objects = Objects.at(str(tmp_path))
    sweep = make_sweep(
        "name: one-left\ndata: {name: categories, outcomes: 5, rows: 4}\nmodel: discrete\nloop: {generations: 30}\n"
        "space: {regime: [replace, accumulate]}\nseeds: 10\nmetrics: [outcomes_lost, entropy]\ncontrol: false\n"
    )
    run_sweep(sweep, objects)
    table = load_table(sweep, objects)
    for (regime, _), own in table.groupby(["regime", "seed"]):
        alone = own[own["outcomes_lost"] == 4]["generation"]
        first = alone.min() if len(alone) else np.nan
        np.testing.assert_array_equal(own["collapse_generation"], np.full(31, first))
        assert regime == "accumulate" or len(alone)
