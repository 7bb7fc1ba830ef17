import numpy as np
import pandas as pd
import pytest

from raysc.planning.resolved import resolve
from raysc.results.report.figures.curve_means import CurveMeans, curve_means
from raysc.results.table.table import load_table, metric_columns
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep


@pytest.fixture
def means(gaussian_store: tuple[Sweep, Objects]) -> CurveMeans:
    sweep, objects = gaussian_store
    resolved = resolve(sweep)
    return curve_means(load_table(resolved, objects), metric_columns(sweep)[0], resolved.cells)


def test_means_are_grouped_by_cell(means: CurveMeans) -> None:
    assert sorted(means.by_cell) == [0, 1, 2, 3]
    pd.testing.assert_frame_equal(pd.concat(means.by_cell.values()), means.means)


def test_geometric_means_need_no_medians(means: CurveMeans) -> None:
    assert means.geometric
    assert means.scale == "log"
    assert not means.shows_medians


def test_the_floor_is_the_mean_of_each_cells_floors(means: CurveMeans) -> None:
    assert (means.means.groupby("cell")["floor"].nunique() == 1).all()
    assert (means.means["floor"] > 0).all()


def test_without_values_above_0_the_scale_is_linear(gaussian_store: tuple[Sweep, Objects]) -> None:
    sweep, objects = gaussian_store
    resolved = resolve(sweep)
    table = load_table(resolved, objects).assign(frechet_distance=np.nan)
    means = curve_means(table, metric_columns(sweep)[0], resolved.cells)
    assert means.scale == "linear"
    assert not means.geometric
