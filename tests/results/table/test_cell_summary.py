import pandas as pd
import pytest

from raysc.errors import InputError
from raysc.planning.resolved import resolve
from raysc.results.statistics.averages import seed_mean
from raysc.results.table.cell_summary import cell_summary, summary_html
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep


@pytest.fixture(scope="module")
def table(gaussian_store: tuple[Sweep, Objects]) -> pd.DataFrame:
    return load_table(resolve(gaussian_store[0]), gaussian_store[1])


def test_each_cell_has_a_row_with_means_and_intervals(
    gaussian_store: tuple[Sweep, Objects], table: pd.DataFrame
) -> None:
    summary = cell_summary(resolve(gaussian_store[0]), table)
    assert list(summary["cell"]) == [0, 1, 2, 3]
    assert set(summary["generation"]) == {4}
    values = table.query("cell == 1 and generation == 4")["frechet_distance"].to_numpy()
    expected = seed_mean(values, geometric=True)
    row = summary.iloc[1]
    assert row["frechet_distance_mean"] == pytest.approx(expected.mean)
    assert (row["frechet_distance_low"], row["frechet_distance_high"]) == pytest.approx((expected.low, expected.high))
    assert {"regime", "lambda", "seeds", "diverged", "frechet_distance_excess_mean"} <= set(summary)
    assert set(cell_summary(resolve(gaussian_store[0]), table, 2)["generation"]) == {2}


def test_a_generation_that_was_not_measured_is_refused(
    gaussian_store: tuple[Sweep, Objects], table: pd.DataFrame
) -> None:
    with pytest.raises(InputError, match="generation 9: small-gaussian has no results of it"):
        cell_summary(resolve(gaussian_store[0]), table, 9)


def test_the_html_has_a_row_for_each_cell_and_escapes_text(
    gaussian_store: tuple[Sweep, Objects], table: pd.DataFrame
) -> None:
    html = summary_html(resolve(gaussian_store[0]), table.assign(regime="<b>mix</b>"))
    assert html.count("<tr>") == 4
    assert "&lt;b&gt;mix&lt;/b&gt;" in html
    assert "<b>" not in html
