import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from raysc.planning.resolved import resolve
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.cli.conftest import Arguments, RunRaysc


@pytest.fixture(scope="module")
def table(gaussian_store: tuple[Sweep, Objects]) -> pd.DataFrame:
    sweep, objects = gaussian_store
    return load_table(resolve(sweep), objects)


def test_each_cell_has_one_line_and_each_metric_one_column_that_fits_80_characters(
    raysc: RunRaysc, gaussian_arguments: Arguments
) -> None:
    lines = raysc("results", *gaussian_arguments).out.splitlines()
    assert lines[0].split() == ["regime", "lambda", "seeds", "frechet_distance", "excess", "feature_variance"]
    assert [line.split()[:3] for line in lines[2:4]] == [["replace", "1", "3"], ["mix", "0.5", "3"]]
    assert lines[2].count("[") == 3
    assert "control" in lines[5]
    assert len(lines) == 2 + 4
    assert len(lines[0][: lines[0].index("feature_variance")].rstrip()) <= 80


def test_every_statistic_has_a_column_on_request(raysc: RunRaysc, gaussian_arguments: Arguments) -> None:
    heading = raysc("results", *gaussian_arguments, "--wide").out.splitlines()[0].split()
    assert heading[2:8] == [
        "seeds",
        "count",
        "diverged",
        *(f"frechet_distance_{part}" for part in ("mean", "low", "high")),
    ]


def test_brackets_in_columns_are_printed(raysc: RunRaysc, digits_arguments: Arguments) -> None:
    assert "recall[pixels]" in raysc("results", *digits_arguments).out


def test_json_has_the_tables_columns_and_values_to_the_last_bit(
    raysc: RunRaysc, gaussian_arguments: Arguments, table: pd.DataFrame
) -> None:
    rows = json.loads(raysc("results", *gaussian_arguments, "--json", "--generation", "all").out)
    assert len(rows) == len(table)
    assert list(rows[0]) == list(table)
    assert [row["frechet_distance"] for row in rows] == table["frechet_distance"].tolist()
    assert all(type(row["seed"]) is int and type(row["control"]) is bool for row in rows)


def test_json_has_null_where_there_is_no_number(raysc: RunRaysc, gaussian_arguments: Arguments) -> None:
    rows = json.loads(raysc("results", *gaussian_arguments, "--json").out)
    assert rows[-1]["regime"] == "real_only"
    assert rows[-1]["lambda"] is None
    assert rows[-1]["parent"] is None


def test_csv_goes_to_a_file_or_is_printed(
    raysc: RunRaysc, gaussian_arguments: Arguments, table: pd.DataFrame, here: Path
) -> None:
    ran = raysc("results", *gaussian_arguments, "--csv", "out.csv", "--generation", "0")
    assert (ran.out, ran.err) == ("", "wrote out.csv\n")
    read = pd.read_csv("out.csv")
    assert list(read) == list(table)
    np.testing.assert_array_equal(read["frechet_distance"], table.loc[table["generation"] == 0, "frechet_distance"])
    assert (here / "out.csv").read_text() == raysc(
        "results", *gaussian_arguments, "--csv", "-", "--generation", "0"
    ).out


def test_parquet_is_the_frame(raysc: RunRaysc, gaussian_arguments: Arguments, table: pd.DataFrame, here: Path) -> None:
    assert raysc("results", *gaussian_arguments, "--parquet", "out.parquet", "--generation", "all").status == 0
    pd.testing.assert_frame_equal(pd.read_parquet("out.parquet"), table)


def test_one_metric_brings_its_floor_and_excess(raysc: RunRaysc, gaussian_arguments: Arguments) -> None:
    rows = json.loads(raysc("results", *gaussian_arguments, "--metric", "feature_variance", "--json").out)
    assert {"feature_variance", "feature_variance_floor", "feature_variance_excess"} < set(rows[0])
    assert "frechet_distance" not in rows[0]
    printed = raysc("results", *gaussian_arguments, "--metric", "frechet_distance_train").out
    assert "frechet_distance_train_floor" in printed


def test_groups_average_over_everything_else(
    raysc: RunRaysc, gaussian_arguments: Arguments, table: pd.DataFrame
) -> None:
    rows = json.loads(raysc("results", *gaussian_arguments, "--by", "regime, lambda", "--json").out)
    assert [(row["regime"], row["lambda"]) for row in rows] == [
        ("replace", 1),
        ("mix", 0.5),
        ("mix", 2),
        ("real_only", None),
    ]
    last = table[(table["generation"] == 4) & (table["cell"] == 1)]["frechet_distance"]
    assert rows[1]["count"] == 3
    assert rows[1]["frechet_distance_mean"] == pytest.approx(np.exp(np.log(last).mean()))
    assert rows[1]["frechet_distance_median"] == last.median()
    assert rows[1]["frechet_distance_sd"] == pytest.approx(last.std())


def test_groups_over_all_generations_keep_them_apart(raysc: RunRaysc, gaussian_arguments: Arguments) -> None:
    rows = json.loads(raysc("results", *gaussian_arguments, "--by", "regime", "--generation", "all", "--json").out)
    assert len(rows) == 3 * 5
    assert {row["count"] for row in rows if row["regime"] == "mix"} == {6}


def test_printed_groups_fit_a_screen(raysc: RunRaysc, gaussian_arguments: Arguments) -> None:
    lines = raysc("results", *gaussian_arguments, "--by", "regime").out.splitlines()
    assert lines[0].split()[:4] == ["regime", "seeds", "frechet_distance", "excess"]
    assert len(lines) == 2 + 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--metric", "frechet_distanc"), "no such metric in this sweep; did you mean 'frechet_distance'?"),
        (("--by", "lamda"), "--by lamda: no such column to group by; did you mean 'lambda'?"),
        (("--generation", "5"), "expected last, all or a measured generation, 0, 1, 2, 3, 4"),
        (("--generation", "first"), "expected last, all or a measured generation"),
        (("--csv", "missing/out.csv"), "missing/out.csv: cannot be written: No such file or directory"),
    ],
)
def test_what_does_not_exist_is_refused(
    raysc: RunRaysc, gaussian_arguments: Arguments, here: Path, options: Any, message: str
) -> None:
    ran = raysc("results", *gaussian_arguments, *options)
    assert (ran.status, ran.out) == (2, "")
    assert message in ran.err
    assert ran.err.count("\n") == 1


def test_a_sweep_without_results_says_so(raysc: RunRaysc, gaussian_arguments: Arguments, here: Path) -> None:
    ran = raysc("results", gaussian_arguments[0], "--storage", "empty")
    assert ran.status == 1
    assert "holds no results of small-gaussian yet" in ran.err
