import pandas as pd
import pytest

from raysc.errors import InputError
from raysc.results.table.selection import at_generation, last_generation, metric_names
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep

Store = tuple[Sweep, Objects]


def test_the_last_generation_is_that_of_each_cell(gaussian_table: pd.DataFrame) -> None:
    shorter = gaussian_table[(gaussian_table["cell"] != 1) | (gaussian_table["generation"] <= 2)]
    last = last_generation(shorter).groupby("cell")["generation"].unique()
    assert [list(generations) for generations in last] == [[4], [2], [4], [4]]
    assert at_generation(shorter, "last", range(5)).equals(last_generation(shorter))


def test_a_generation_is_selected_by_its_number(gaussian_table: pd.DataFrame) -> None:
    assert at_generation(gaussian_table, "3", range(5))["generation"].unique().tolist() == [3]
    assert at_generation(gaussian_table, "all", range(5)) is gaussian_table


@pytest.mark.parametrize("selector", ["5", "-1", "first"])
def test_a_generation_that_is_not_measured_is_refused(gaussian_table: pd.DataFrame, selector: str) -> None:
    with pytest.raises(InputError, match=r"expected last, all or a measured generation, 0, 1, 2, 3, 4"):
        at_generation(gaussian_table, selector, range(5))


def test_a_metric_stands_for_its_floor_and_its_excess(gaussian_store: Store, gaussian_table: pd.DataFrame) -> None:
    sweep, _ = gaussian_store
    names = metric_names(gaussian_table, sweep, ["frechet_distance"])
    assert names == ["frechet_distance", "frechet_distance_floor", "frechet_distance_excess"]
    assert metric_names(gaussian_table, sweep, ["frechet_distance_excess"]) == ["frechet_distance_excess"]
    assert set(names) < set(metric_names(gaussian_table, sweep, []))


def test_a_metric_that_does_not_exist_is_refused(gaussian_store: Store, gaussian_table: pd.DataFrame) -> None:
    with pytest.raises(InputError, match=r"--metric frechet_distanc: no such metric in this sweep.*frechet_distance"):
        metric_names(gaussian_table, gaussian_store[0], ["frechet_distanc"])
