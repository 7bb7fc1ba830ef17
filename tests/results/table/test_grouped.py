import numpy as np
import pandas as pd
import pytest
from scipy import stats

from raysc.results.table.grouped import pivoted, with_intervals
from raysc.results.table.selection import averaged
from raysc.results.table.table import load_table


@pytest.fixture(scope="module")
def table(gaussian_store):
    found = load_table(*gaussian_store)
    return found[found["generation"] == 4]


def grouped(table, *by):
    return with_intervals(averaged(table, by, ["frechet_distance"]), table, by, ["frechet_distance"])


def test_intervals_are_over_seeds_not_over_cells(table):
    everything = table.assign(all="x")
    found = grouped(everything, "all").iloc[0]
    per_seed = everything.groupby("seed")["frechet_distance"].mean()
    low, high = stats.t.interval(0.95, 2, per_seed.mean(), stats.sem(per_seed))
    assert (found["frechet_distance_low"], found["frechet_distance_high"]) == pytest.approx((low, high))
    assert found["frechet_distance_mean"] == pytest.approx(everything["frechet_distance"].mean())


def test_groups_keep_their_order_and_empty_values_are_a_group(table):
    found = grouped(table, "regime", "lambda")
    assert found["regime"].tolist() == ["replace", "mix", "mix", "real_only"]
    for cell, row in found.iterrows():
        values = table.loc[table["cell"] == cell, "frechet_distance"]
        half = stats.t.ppf(0.975, 2) * stats.sem(values)
        assert row["frechet_distance_high"] == pytest.approx(values.mean() + half)
    place = list(found).index("frechet_distance_mean")
    assert list(found)[place + 1 : place + 3] == ["frechet_distance_low", "frechet_distance_high"]


def test_a_group_of_one_seed_has_no_interval(table):
    assert np.isnan(grouped(table, "regime", "seed")["frechet_distance_low"]).all()


def test_a_pivot_has_a_row_for_the_rest_and_gaps_where_there_is_nothing(table):
    found = pivoted(grouped(table, "regime", "lambda"), ["regime", "lambda"], "lambda", "frechet_distance_mean")
    assert list(found) == ["regime", "lambda=1.0", "lambda=0.5", "lambda=2.0", "lambda="]
    assert found["regime"].tolist() == ["replace", "mix", "real_only"]
    assert found.set_index("regime").notna().to_numpy().tolist() == [
        [True, False, False, False],
        [False, True, True, False],
        [False, False, False, True],
    ]
    one = pivoted(grouped(table, "regime"), ["regime"], "regime", "frechet_distance_mean")
    assert isinstance(one, pd.DataFrame)
    assert one.shape == (1, 3)
