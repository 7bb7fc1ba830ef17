import numpy as np
import pandas as pd
import pytest
from scipy import stats

from raysc.errors import InputError
from raysc.metrics.core.metric import SHARE, Column
from raysc.results.statistics.averages import seed_mean
from raysc.results.table.groups import aggregate, aggregate_by, pivot_groups

DISTANCE = Column("distance", "lower", "log", "test")


@pytest.fixture
def last_rows(gaussian_table: pd.DataFrame) -> pd.DataFrame:
    return gaussian_table[gaussian_table["generation"] == 4]


def group(table: pd.DataFrame, *by: str) -> pd.DataFrame:
    return aggregate_by(table, by, ["frechet_distance"])


def test_diverged_seeds_are_left_out_of_the_mean_but_counted() -> None:
    rows = pd.DataFrame({"lambda": [1.0, 1.0, np.nan], "recall": [0.2, np.nan, 0.6], "diverged": [False, True, False]})
    rows["seed"] = [0, 1, 0]
    groups = aggregate(rows, ["lambda"], ["recall"])
    assert groups["count"].tolist() == [2, 1]
    assert groups["diverged"].tolist() == [1, 0]
    assert groups["recall_mean"].tolist() == [0.2, 0.6]
    assert groups["recall_count"].tolist() == [1, 1]


def test_infinite_values_count_by_their_order() -> None:
    rows = pd.DataFrame({"cell": [0, 0, 0, 1, 1], "seed": [0, 1, 2, 0, 1], "diverged": False})
    rows["nll"] = [1.0, np.inf, np.inf, 3.0, 4.0]
    groups = aggregate(rows, ["cell"], ["nll"])
    assert groups["nll_mean"].tolist() == [np.inf, 3.5]
    assert groups["nll_median"].tolist() == [np.inf, 3.5]
    assert groups["nll_min"].tolist() == [1, 3]
    assert groups["nll_max"].tolist() == [np.inf, 4]
    assert groups["nll_count"].tolist() == [3, 2]
    assert groups["nll_low"].isna().tolist() == [True, False]


@pytest.mark.parametrize(("seeds", "expected"), [(19, np.nan), (20, 0.95)])
def test_below_20_seeds_there_are_no_interpolated_quantiles(seeds: int, expected: float) -> None:
    rows = pd.DataFrame({"regime": "mix", "seed": range(seeds), "diverged": False, "recall": range(seeds)})
    (group,) = aggregate(rows, ["regime"], ["recall"]).to_dict("records")
    np.testing.assert_allclose(group["recall_q05"], expected)
    assert (group["recall_min"], group["recall_max"]) == (0, seeds - 1)


def test_geometric_means_have_positive_intervals() -> None:
    rows = pd.DataFrame({"regime": "mix", "cell": [0, 0, 0, 1, 1, 1], "seed": [0, 1, 2] * 2, "diverged": False})
    rows["distance"] = [1.0, 2.0, 300.0, 4.0, 8.0, 300.0]
    (group,) = aggregate(rows, ["regime"], ["distance"], {"distance": DISTANCE}).to_dict("records")
    assert group["distance_mean"] == pytest.approx(stats.gmean(rows["distance"]))
    mean = seed_mean(np.log([2.0, 4.0, 300.0]))
    assert (group["distance_low"], group["distance_high"]) == pytest.approx((np.exp(mean.low), np.exp(mean.high)))
    (group,) = aggregate(rows, ["regime"], ["distance"]).to_dict("records")
    assert group["distance_low"] < 0


def test_intervals_of_shares_end_at_0_and_1() -> None:
    rows = pd.DataFrame({"cell": 0, "seed": [0, 1, 2], "diverged": False, "recall": [0.0, 0.0, 0.04]})
    (group,) = aggregate(
        rows, ["cell"], ["recall"], {"recall": Column("recall", "higher", "linear", "test", bounds=SHARE)}
    ).to_dict("records")
    assert (group["recall_low"], group["recall_high"]) == (0, 1)


def test_a_column_that_does_not_exist_is_refused(last_rows: pd.DataFrame) -> None:
    with pytest.raises(InputError, match=r"--by regim: no such column to group by.*regime"):
        group(last_rows, "regim")


def test_intervals_are_over_seeds_not_over_cells(last_rows: pd.DataFrame) -> None:
    rows = last_rows.assign(all="x")
    row = group(rows, "all").iloc[0]
    per_seed = rows.groupby("seed")["frechet_distance"].mean()
    expected = seed_mean(per_seed.to_numpy())
    assert (row["frechet_distance_low"], row["frechet_distance_high"]) == pytest.approx((expected.low, expected.high))
    assert expected.low == pytest.approx(stats.t.interval(0.95, 2, per_seed.mean(), stats.sem(per_seed))[0])
    assert row["frechet_distance_mean"] == pytest.approx(rows["frechet_distance"].mean())


def test_groups_keep_their_order_and_an_empty_value_is_a_group(last_rows: pd.DataFrame) -> None:
    groups = group(last_rows, "regime", "lambda")
    assert groups["regime"].tolist() == ["replace", "mix", "mix", "real_only"]
    for cell, row in groups.iterrows():
        values = last_rows.loc[last_rows["cell"] == cell, "frechet_distance"]
        assert row["frechet_distance_high"] == pytest.approx(seed_mean(values.to_numpy()).high)
    index = list(groups).index("frechet_distance_mean")
    assert list(groups)[index + 1 : index + 3] == ["frechet_distance_low", "frechet_distance_high"]


def test_a_group_of_one_seed_has_no_interval(last_rows: pd.DataFrame) -> None:
    assert np.isnan(group(last_rows, "regime", "seed")["frechet_distance_low"]).all()


def test_a_pivot_has_a_row_for_each_combination_of_the_other_columns(last_rows: pd.DataFrame) -> None:
    groups = group(last_rows, "regime", "lambda")
    pivot = pivot_groups(groups, ["regime", "lambda"], "lambda", "frechet_distance_mean")
    assert list(pivot) == ["regime", "lambda=1.0", "lambda=0.5", "lambda=2.0", "lambda="]
    assert pivot["regime"].tolist() == ["replace", "mix", "real_only"]
    assert pivot.set_index("regime").notna().to_numpy().tolist() == [
        [True, False, False, False],
        [False, True, True, False],
        [False, False, False, True],
    ]
    single_row = pivot_groups(group(last_rows, "regime"), ["regime"], "regime", "frechet_distance_mean")
    assert single_row.shape == (1, 3)
