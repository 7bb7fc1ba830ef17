from pathlib import Path

import pandas as pd
import pytest

from raysc.metrics.distances.frechet_distance import FrechetDistance
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.results.table.table import controls_of, load_table, varying_axes
from raysc.store.objects import Objects
from raysc.store.publishing import DamagedObjectError
from raysc.sweepfile import Sweep
from tests.conftest import MakeSweep, RunSweep

Store = tuple[Sweep, Objects]


def test_one_sorted_row_per_cell_seed_and_generation(gaussian_table: pd.DataFrame, digits_table: pd.DataFrame) -> None:
    assert len(gaussian_table) == 4 * 3 * 5
    assert len(digits_table) == 6 * 2 * 3
    for table in (gaussian_table, digits_table):
        keys = list(zip(table["cell"], table["seed"], table["generation"], strict=True))
        assert keys == sorted(set(keys))


def test_columns_are_the_axes_then_the_metrics(digits_table: pd.DataFrame) -> None:
    front = ["cell", "regime", "lambda", "initial.steps", "control", "seed", "generation", "share"]
    counts = ["rows_real", "rows_synthetic", "optimiser_steps", "diverged", "initial_quality"]
    metric = "frechet_distance[pixels]"
    assert list(digits_table)[: len(front + counts)] == front + counts
    assert list(digits_table)[13:16] == [metric, f"{metric}_floor", f"{metric}_excess"]
    assert list(digits_table)[-2:] == ["lineage", "parent"]
    assert {"seconds_wait", "seconds_fit", "seconds_sample", "seconds_measure", "seconds_store"} < set(digits_table)


def test_share_is_that_of_the_training_set(gaussian_table: pd.DataFrame) -> None:
    shares = gaussian_table[gaussian_table["generation"] == 2].groupby("cell")["share"].unique().map(list)
    assert shares.tolist() == [[1], [1 / 3], [2 / 3], [0]], "replace, mix 0.5, mix 2, real_only"


def test_values_are_those_of_the_metric_for_the_stored_rows(digits_store: Store, digits_table: pd.DataFrame) -> None:
    from raysc.metrics.core.measure import RealSets, measure
    from raysc.results.samples.sampled_rows import sampled_rows

    sweep, objects = digits_store
    cell = resolve(sweep).cells[3]
    rows = sampled_rows(cell, 1, 2, objects)
    assert rows is not None
    real = RealSets("images", cell.data.train((1,)), cell.data.test())
    expected = measure([FrechetDistance(features="pixels")], rows[None], real)
    row = digits_table[
        (digits_table["cell"] == 3) & (digits_table["seed"] == 1) & (digits_table["generation"] == 2)
    ].iloc[0]
    for name, value in expected.items():
        assert row[name] == value[0]


def test_every_cell_has_generation_0_and_cells_of_one_initial_quality_share_it(digits_table: pd.DataFrame) -> None:
    initial = digits_table[digits_table["generation"] == 0]
    assert initial.groupby("cell").size().tolist() == [2] * 6
    assert initial.groupby("initial.steps")["lineage"].nunique().tolist() == [1, 1]
    later = digits_table[digits_table["generation"] > 0].merge(initial, on=["cell", "seed"], suffixes=("", "_0"))
    assert (later["parent"] == later["lineage_0"]).all()
    assert initial["parent"].isna().all()


def test_excess_is_zero_for_controls_and_generation_0(gaussian_table: pd.DataFrame, digits_table: pd.DataFrame) -> None:
    for table, name in ((gaussian_table, "frechet_distance_excess"), (digits_table, "recall[pixels]_excess")):
        assert (table.loc[table["control"] | (table["generation"] == 0), name] == 0).all()
        assert (table.loc[~table["control"] & (table["generation"] > 0), name] != 0).any()


def test_cells_are_compared_with_the_control_of_the_same_initial_model(digits_store: Store) -> None:
    sweep, _ = digits_store
    assert controls_of(sweep.cells) == {0: 4, 1: 5, 2: 4, 3: 5, 4: 4, 5: 5}


def test_a_real_only_cell_of_the_file_is_the_control_and_no_control_means_no_excess(
    make_sweep: MakeSweep, gaussian_text: str
) -> None:
    in_file = make_sweep(gaussian_text, "space={regime: [replace, real_only]}", "control=false")
    without = make_sweep(gaussian_text, "control=false")
    assert controls_of(in_file.cells) == {0: 1, 1: 1}
    assert controls_of(without.cells) == {}


def test_an_axis_of_whole_numbers_stays_whole_beside_cells_without_it(
    make_sweep: MakeSweep, run_sweep: RunSweep, gaussian_text: str, tmp_path: Path
) -> None:
    space = "space=[{regime: replace}, {regime: {name: accumulate_subsample, rows: 10}}]"
    sweep, objects = make_sweep(gaussian_text, space), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    rows = load_table(resolve(sweep), objects).groupby("cell")["regime.rows"].first()
    assert rows.dtype == "Int64"
    assert rows.tolist() == [pd.NA, 10, pd.NA]


def test_axes_that_vary_are_regime_lambda_and_those_with_several_values(
    make_sweep: MakeSweep, digits_text: str
) -> None:
    sweep = make_sweep(digits_text, "space={regime: mix, lambda: 1.0, initial.steps: 4, sample.steps: [2, 3]}")
    assert varying_axes(sweep.cells) == ["regime", "lambda", "sample.steps"]


def test_only_the_generations_seeds_and_metrics_of_the_sweep_are_read(
    make_sweep: MakeSweep, gaussian_text: str, gaussian_store: Store
) -> None:
    _, objects = gaussian_store
    smaller = make_sweep(
        gaussian_text, "loop.generations=3", "measure=[1, 3]", "seeds=[2, 0]", "metrics=[feature_variance]"
    )
    table = load_table(resolve(smaller), objects)
    assert table[["seed", "generation"]].drop_duplicates().to_numpy().tolist() == [[0, 1], [0, 3], [2, 1], [2, 3]]
    assert "frechet_distance" not in table
    assert table["feature_variance"].notna().all()
    assert table["initial_quality"].isna().all()


def test_of_several_spans_of_a_pack_the_furthest_counts(
    make_sweep: MakeSweep, run_sweep: RunSweep, gaussian_text: str, tmp_path: Path
) -> None:
    objects = Objects.open(str(tmp_path))
    short, long = make_sweep(gaussian_text, "loop.generations=2"), make_sweep(gaussian_text, "seeds=4")
    run_sweep(short, objects)
    before = load_table(resolve(short), objects)
    run_sweep(long, objects)
    after = load_table(resolve(long), objects)
    assert len(after) == 4 * 4 * 5
    assert after["frechet_distance"].notna().all()
    pd.testing.assert_series_equal(load_table(resolve(short), objects)["frechet_distance"], before["frechet_distance"])


def test_missing_generations_are_absent_and_missing_metrics_empty(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path
) -> None:
    objects = Objects.open(str(tmp_path))
    started = make_sweep(digits_text, "loop.generations=1", "seeds=1", "metrics=[exact_duplicates]")
    run_sweep(started, objects)
    table = load_table(resolve(make_sweep(digits_text)), objects)
    assert len(table) == 6 * 1 * 2
    assert table["frechet_distance[pixels]"].isna().all(), "it was not measured"
    empty = load_table(resolve(make_sweep(digits_text)), Objects.open(str(tmp_path / "other")))
    assert empty.empty
    assert "frechet_distance[pixels]_excess" in empty


def test_seeds_that_end_at_generation_0_repeat_its_metrics(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path
) -> None:
    objects, metric = Objects.open(str(tmp_path)), "frechet_distance[pixels]"
    space = ("space={regime: mix, lambda: 1.0}", "control=false", "seeds={train: 2}")
    sweep = make_sweep(digits_text, *space, f"loop.until={{metric: '{metric}', above: 1e-9}}")
    run_sweep(sweep, objects)
    table = load_table(resolve(sweep), objects).pivot(index="seed", columns="generation", values=metric)
    assert table.shape == (2, 3)
    assert table.notna().all(axis=None)
    assert table.nunique(axis=1).eq(1).all()


def test_after_a_divergence_all_later_generations_are_diverged_rows(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path
) -> None:
    objects = Objects.open(str(tmp_path))
    sweep = make_sweep(digits_text, "loop.train.lr=1e30", "loop.generations=3", "seeds=1", "space.initial.steps=2")
    run_sweep(sweep, objects)
    table = load_table(resolve(sweep), objects)
    rows = table[table["cell"] == 0]
    assert rows["generation"].tolist() == [0, 1, 2, 3]
    assert rows["diverged"].tolist()[0] is False
    assert rows["diverged"].tolist()[2:] == [True, True]
    assert rows.loc[rows["diverged"], "frechet_distance[pixels]"].isna().all()
    assert rows["rows_real"].tolist()[-1] == 0
    assert rows["rows_real"].dtype == "int64"


def test_a_diverged_cell_leaves_the_metrics_of_others_complete(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path
) -> None:
    objects = Objects.open(str(tmp_path))
    changes = ("space={regime: mix, lambda: 1.0, train.lr: [1e-3, 1e30]}", "seeds=1", "control=false")
    sweep = make_sweep(digits_text, *changes, "metrics=[{name: frechet_distance, features: pixels}]")
    run_sweep(sweep, objects)
    table = load_table(resolve(sweep), objects)
    metric = "frechet_distance[pixels]"
    for part in ("", "_floor", "_train", "_excess", "_rows"):
        assert (table[f"{metric}{part}"].isna() == (table["diverged"] | (part == "_excess"))).all(), part
    assert table["diverged"].tolist() == [False] * 3 + [True] * 3


def test_a_frechet_distance_of_fewer_rows_than_features_has_their_number(
    make_sweep: MakeSweep, run_sweep: RunSweep, gaussian_text: str, tmp_path: Path
) -> None:
    sweep = make_sweep(gaussian_text, "data.dim=30", "sample.rows=25", "space={regime: replace}", "seeds=2")
    run_sweep(sweep, Objects.open(str(tmp_path)))
    table = load_table(resolve(sweep), Objects.open(str(tmp_path)))
    # 25 sampled rows, 20 training rows and 1,000 held-out rows.
    assert (table["frechet_distance_rows"] == 25).all()
    assert (table["frechet_distance_train_rows"] == 20).all()


def test_a_diverged_closed_form_pack_is_complete(
    make_sweep: MakeSweep, run_sweep: RunSweep, gaussian_text: str, tmp_path: Path
) -> None:
    objects = Objects.open(str(tmp_path))
    one_row = ("data.rows=1", "model={name: gaussian, ddof: 1}", "metrics=[exact_duplicates]", "seeds=2")
    sweep = make_sweep(gaussian_text, *one_row)
    run_sweep(sweep, objects)
    table = load_table(resolve(sweep), objects)
    assert len(table) == 4 * 2 * 5
    assert table["diverged"].all()
    assert table["exact_duplicates"].isna().all()
    assert not make_plan(resolve(sweep), objects).units


def test_a_changed_record_is_refused(
    make_sweep: MakeSweep, run_sweep: RunSweep, gaussian_text: str, tmp_path: Path
) -> None:
    sweep, objects = make_sweep(gaussian_text), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    record = next(tmp_path.rglob("records.parquet"))
    record.write_bytes(record.read_bytes()[:-1] + b"?")
    with pytest.raises(DamagedObjectError, match="checksum"):
        load_table(resolve(sweep), objects)


def test_the_table_can_be_written_and_read_as_parquet(digits_table: pd.DataFrame, tmp_path: Path) -> None:
    digits_table.to_parquet(tmp_path / "table.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "table.parquet"), digits_table)


def test_a_metric_of_several_data_settings_is_one_column(
    make_sweep: MakeSweep, run_sweep: RunSweep, gaussian_text: str, tmp_path: Path
) -> None:
    sweep = make_sweep(gaussian_text, "space=[{regime: replace, data.rows: [6, 9, 12]}]", "metrics=[trace_ratio, nll]")
    objects = Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    table = load_table(resolve(sweep), objects)
    assert table[["trace_ratio", "nll"]].notna().all(axis=None)
    assert len(table) == 2 * 3 * 3 * 5


def test_an_axis_of_numbers_and_words_is_a_column_of_text(
    make_sweep: MakeSweep, run_sweep: RunSweep, gaussian_text: str, tmp_path: Path
) -> None:
    changes = (
        "model={name: kde, bandwidth: 0.5}",
        "space={regime: replace, model.bandwidth: [0.1, scott]}",
        "loop.generations=1",
    )
    sweep, objects = make_sweep(gaussian_text, *changes), Objects.open(tmp_path)
    run_sweep(sweep, objects)
    table = load_table(resolve(sweep), objects)
    assert set(table["model.bandwidth"]) == {"0.1", "scott"}
    table.to_parquet(tmp_path / "table.parquet")
    assert table.sort_values("model.bandwidth")["model.bandwidth"].is_monotonic_increasing
