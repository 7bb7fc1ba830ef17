import pandas as pd
import pytest
from rich.console import Console
from rich.table import Table

from raysc.results.statistics.averages import seed_mean
from raysc.results.table.number_format import mean_text
from raysc.results.table.summary import summary
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.conftest import MakeSweep

Store = tuple[Sweep, Objects]


def printed(table: Table, width: int = 100) -> list[str]:
    console = Console(width=width, force_terminal=False)
    with console.capture() as capture:
        console.print(table)
    return [line.rstrip() for line in capture.get().splitlines()]


@pytest.fixture
def sweep(gaussian_store: Store) -> Sweep:
    return gaussian_store[0]


def last_values(table: pd.DataFrame, name: str) -> "pd.Series[float]":
    """The values of cell 0 at its last generation."""
    return table[(table["cell"] == 0) & (table["generation"] == 4)][name]


def test_a_title_two_lines_of_heading_and_one_line_per_cell(sweep: Sweep, gaussian_table: pd.DataFrame) -> None:
    out = printed(summary(sweep, gaussian_table))
    assert out[0] == "small-gaussian: generation 4 of 4, mean [95 % interval] over 3 seeds"
    assert out[1].split() == ["regime", "lambda", "seeds", "frechet_distance", "excess", "feature_variance"]
    assert [line.split()[0] for line in out[3:]] == ["replace", "mix", "mix", "real_only"]
    assert max(map(len, out)) <= 100


def test_values_are_those_of_the_last_generation(sweep: Sweep, gaussian_table: pd.DataFrame) -> None:
    line = printed(summary(sweep, gaussian_table))[3]
    for name in ("frechet_distance", "feature_variance"):
        values = last_values(gaussian_table, name)
        assert mean_text(seed_mean(values.to_numpy(), geometric=True), 3) in line
    assert line.split()[:3] == ["replace", "1", "3/3"]


def test_one_seed_has_no_interval_and_no_control_no_excess(
    make_sweep: MakeSweep, gaussian_text: str, gaussian_table: pd.DataFrame
) -> None:
    one_seed = make_sweep(gaussian_text, "seeds=1", "control=false")
    rows = gaussian_table[(gaussian_table["seed"] == 0) & (gaussian_table["cell"] < 3)]
    _, heading, _, line, *_ = printed(summary(one_seed, rows))
    assert "[" not in line
    assert heading.split() == ["regime", "lambda", "seeds", "frechet_distance", "feature_variance"]


def test_the_control_has_no_excess_over_itself(sweep: Sweep, gaussian_table: pd.DataFrame) -> None:
    assert "control" in printed(summary(sweep, gaussian_table))[-1]


def test_brackets_in_names_are_shown_and_metrics_that_do_not_fit_are_left_out(
    digits_store: Store, digits_table: pd.DataFrame
) -> None:
    wide = printed(summary(digits_store[0], digits_table, width=200), 200)
    narrow = printed(summary(digits_store[0], digits_table, width=80))
    assert "frechet_distance[pixels]" in wide[1]
    assert "recall[pixels]" in wide[1]
    assert "frechet_distance[pixels]" in narrow[1]
    assert "recall[pixels]" not in narrow[1]
    assert "…" not in "".join(narrow)


def test_cells_with_fewer_generations_show_their_last_one(sweep: Sweep, gaussian_table: pd.DataFrame) -> None:
    cell, t = gaussian_table["cell"], gaussian_table["generation"]
    out = printed(summary(sweep, gaussian_table[(cell != 1) & ((cell != 2) | (t < 3))]))
    assert "each cell's last generation" in out[0]
    assert [line.split()[2:4] for line in out[3:5]] == [["3/3", "4"], ["0/3", "none"]]
    assert out[5].split()[2:4] == ["3/3", "2"]


def test_an_empty_table_has_a_line_for_each_cell(sweep: Sweep, gaussian_table: pd.DataFrame) -> None:
    out = printed(summary(sweep, gaussian_table.head(0)))
    assert all("0/3" in line and "none" in line for line in out[3:])


def test_diverged_seeds_are_counted_and_left_out_of_the_mean(sweep: Sweep, gaussian_table: pd.DataFrame) -> None:
    table = gaussian_table.copy()
    diverged = (table["cell"] == 0) & (table["seed"] == 1)
    table.loc[diverged, "diverged"] = True
    table.loc[diverged, "frechet_distance"] = float("nan")
    out = printed(summary(sweep, table))
    remaining = last_values(table, "frechet_distance").dropna()
    assert out[1].split()[3] == "diverged"
    assert out[3].split()[3] == "1"
    assert mean_text(seed_mean(remaining.to_numpy(), geometric=True), 3) in out[3]
    assert "(2 of 3)" in out[3]
