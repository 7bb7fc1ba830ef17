import numpy as np
import pandas as pd
import pytest
from scipy import stats

from raysc.errors import InputError
from raysc.planning.resolved import resolve
from raysc.results.table.columns import metric_columns
from raysc.results.table.sweep_comparison import compare_sweeps, interval_texts
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.conftest import MakeSweep, RunSweep

Store = tuple[Sweep, Objects]


@pytest.fixture(scope="module")
def other_table(
    make_sweep: MakeSweep,
    run_sweep: RunSweep,
    gaussian_text: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> pd.DataFrame:
    """The table of a sweep without mix 2, with another number of real rows and other seeds."""
    space = "space=[{regime: replace}, {regime: mix, lambda: 0.5}]"
    sweep = make_sweep(gaussian_text, space, "data.rows=40", "seeds=[1, 2, 7]", "loop.generations=3")
    objects = Objects.open(str(tmp_path_factory.mktemp("other")))
    run_sweep(sweep, objects)
    return load_table(resolve(sweep), objects)


def test_equal_cells_are_compared_seed_by_seed_at_the_last_common_generation(
    gaussian_store: Store, gaussian_table: pd.DataFrame, other_table: pd.DataFrame
) -> None:
    columns = metric_columns(gaussian_store[0])[:1]
    comparison = compare_sweeps(gaussian_table, other_table, ["regime", "lambda"], columns, None)
    assert comparison["regime"].tolist() == ["replace", "mix", "real_only"]
    assert comparison["generation"].tolist() == [3, 3, 3]
    assert comparison["seeds"].tolist() == [2, 2, 2]
    values = [
        table[(table["regime"] == "mix") & (table["lambda"] == 0.5) & (table["generation"] == 3)]
        .set_index("seed")["frechet_distance"]
        .loc[[1, 2]]
        for table in (gaussian_table, other_table)
    ]
    ratios = np.log(values[0] / values[1])
    row = comparison.iloc[1]
    assert row["frechet_distance_worse"] == pytest.approx(ratios.mean())
    high = ratios.mean() + stats.t.ppf(0.975, 1) * stats.sem(ratios)
    assert row["frechet_distance_worse_high"] == pytest.approx(high)
    assert interval_texts(comparison, columns)["frechet_distance worse"].str.contains(r"\[").all()


def test_a_sweep_compared_with_itself_has_no_damage(digits_store: Store, digits_table: pd.DataFrame) -> None:
    sweep, _ = digits_store
    comparison = compare_sweeps(digits_table, digits_table, list(sweep.cells[0].axes), metric_columns(sweep), 1)
    assert len(comparison) == 6
    assert (comparison.filter(regex="_worse(_low|_high)?$") == 0).all(axis=None)
    assert (comparison.filter(regex="_worse_seeds$") == len(sweep.seeds)).all(axis=None)


def test_sweeps_without_common_or_unique_cells_are_refused(
    gaussian_store: Store, gaussian_table: pd.DataFrame, other_table: pd.DataFrame
) -> None:
    columns = metric_columns(gaussian_store[0])[:1]
    with pytest.raises(InputError, match="no cell, seed and generation in common"):
        compare_sweeps(gaussian_table[gaussian_table["seed"] == 0], other_table, ["regime", "lambda"], columns, None)
    with pytest.raises(InputError, match="match one cell of this sweep: they differ in lambda"):
        compare_sweeps(other_table, gaussian_table, ["regime"], columns, None)
