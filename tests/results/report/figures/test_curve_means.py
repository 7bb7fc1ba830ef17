from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from raysc.planning.resolved import resolve
from raysc.results.report.figures.curve_means import CurveMeans, curve_means
from raysc.results.report.tables import last_generation_table
from raysc.results.table.columns import columns_by_name, metric_columns
from raysc.results.table.groups import aggregate
from raysc.results.table.stability import cell_stabilities
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.conftest import MakeSweep, RunSweep


@pytest.fixture
def means(gaussian_store: tuple[Sweep, Objects]) -> CurveMeans:
    sweep, objects = gaussian_store
    resolved = resolve(sweep)
    return curve_means(load_table(resolved, objects), metric_columns(sweep)[0], resolved.cells)


def test_means_are_grouped_by_cell(means: CurveMeans) -> None:
    assert sorted(means.by_cell) == [0, 1, 2, 3]
    pd.testing.assert_frame_equal(pd.concat(means.by_cell.values()), means.means)


def test_figures_tables_and_groups_have_the_same_mean_of_a_cell(
    means: CurveMeans, gaussian_store: tuple[Sweep, Objects]
) -> None:
    sweep, objects = gaussian_store
    resolved = resolve(sweep)
    table = load_table(resolved, objects)
    last = table[table["generation"] == 4]
    drawn = means.means[means.means["generation"] == 4]["mean"].to_numpy()
    np.testing.assert_allclose(drawn, np.exp(np.log(last["frechet_distance"]).groupby(last["cell"]).mean()))
    groups = aggregate(last, ["cell"], ["frechet_distance"], columns_by_name(metric_columns(sweep)))
    np.testing.assert_allclose(groups["frechet_distance_mean"], drawn)
    assert (groups["frechet_distance_low"] > 0).all()
    rows = last_generation_table(sweep, table, cell_stabilities(resolved.cells, table, metric_columns(sweep)[0])).rows
    np.testing.assert_allclose([float(row[4].value or 0) for row in rows], drawn)


def test_a_target_stands_in_the_place_of_the_floor(
    make_sweep: MakeSweep, run_sweep: RunSweep, gaussian_text: str, tmp_path: Path
) -> None:
    sweep, objects = make_sweep(gaussian_text, "metrics=[second_moment]"), Objects.open(str(tmp_path))
    run_sweep(sweep, objects)
    resolved = resolve(sweep)
    means = curve_means(load_table(resolved, objects), metric_columns(sweep)[0], resolved.cells).means
    assert (means["floor"] == 1).all()


def test_the_floor_is_the_mean_of_each_cells_floors(means: CurveMeans) -> None:
    assert (means.means.groupby("cell")["floor"].nunique() == 1).all()
    assert (means.means["floor"] > 0).all()


def test_without_values_above_0_the_scale_is_linear(gaussian_store: tuple[Sweep, Objects]) -> None:
    sweep, objects = gaussian_store
    resolved = resolve(sweep)
    table = load_table(resolved, objects).assign(frechet_distance=np.nan)
    means = curve_means(table, metric_columns(sweep)[0], resolved.cells)
    assert means.scale == "linear"
