"""Infinite values and values of 0 on a log scale, in every output; names that would act on a terminal."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from raysc.store.objects import Objects
from tests.cli.conftest import Arguments, RunRaysc
from tests.conftest import MakeSweep, RunSweep

TEXT = """\
name: singular
data: {name: gaussian, dim: 2, rows: 2}
model: gaussian
loop: {generations: 60}
space: {regime: [replace, accumulate]}
seeds: 4
measure: [0, 36, 60]
metrics: [trace_ratio, nll]
claims:
  - {says: "\\e[2Jsharp", metric: nll, of: {regime: replace}, value: {at: 36}, than: 5.0, relation: above}
  - says: lost
    metric: trace_ratio
    of: {regime: replace}
    value: {at: 60}
    than: {regime: accumulate}
    relation: below
"""
"""Two rows in two dimensions: singular covariances, which shrink to 0 under replace."""


@pytest.fixture(scope="module")
def arguments(make_sweep: MakeSweep, run_sweep: RunSweep, tmp_path_factory: pytest.TempPathFactory) -> Arguments:
    sweep, objects = make_sweep(TEXT), Objects.open(str(tmp_path_factory.mktemp("store")))
    run_sweep(sweep, objects)
    return sweep.path, "--storage", objects.uri


def valid(text: str) -> Any:
    """Read JSON without the constants NaN and Infinity, which JSON does not have."""
    return json.loads(text, parse_constant=pytest.fail)


def test_json_is_valid_and_has_infinite_values_as_text(raysc: RunRaysc, arguments: Arguments) -> None:
    rows = valid(raysc("results", *arguments, "--json").out)
    assert {row["nll"] for row in rows if row["regime"] == "replace"} == {"inf"}
    (group, *_) = valid(raysc("results", *arguments, "--by", "regime", "--json").out)
    assert [group[f"nll_{name}"] for name in ("mean", "median", "min", "max", "count")] == ["inf"] * 4 + [4]
    assert group["nll_low"] is None


def test_tables_print_infinite_values(raysc: RunRaysc, arguments: Arguments) -> None:
    assert raysc("results", *arguments).out.splitlines()[2].split()[-1] == "inf"
    assert "| inf |" in raysc("results", *arguments, "--by", "regime", "--metric", "nll", "--markdown").out
    assert "inf" in raysc("results", *arguments, "--csv", "-").out


def test_seeds_at_0_make_the_excess_infinite(raysc: RunRaysc, arguments: Arguments) -> None:
    rows = valid(raysc("results", *arguments, "--json").out)
    replace = [row for row in rows if row["regime"] == "replace"]
    assert [(row["trace_ratio"], row["trace_ratio_excess"]) for row in replace] == [(0, "inf")] * 4
    (group, *_) = valid(raysc("results", *arguments, "--by", "regime", "--generation", "36", "--json").out)
    at_36 = valid(raysc("results", *arguments, "--generation", "36", "--json").out)
    zeros = sum(row["trace_ratio"] == 0 for row in at_36 if row["regime"] == "replace")
    assert 0 < zeros < 4
    assert (group["trace_ratio_excess_mean"], group["trace_ratio_excess_count"]) == ("inf", 4)
    assert isinstance(group["trace_ratio_excess_min"], float)


def test_claims_state_infinite_values_and_print_no_control_characters(raysc: RunRaysc, arguments: Arguments) -> None:
    ran = raysc("claims", *arguments)
    assert "\x1b" not in ran.out
    assert "\\x1b[2Jsharp" in ran.out
    assert "4 infinite" in ran.out
    assert "4 at 0 or infinite" in ran.out
    (sharp, _) = valid(raysc("claims", *arguments, "--json").out)
    assert sharp["cases"][0]["high"] == "inf"
    assert sharp["cases"][0]["infinite"] == {"0": 4}


@pytest.mark.slow
def test_the_report_draws_what_is_finite(raysc: RunRaysc, arguments: Arguments, here: Path) -> None:
    assert raysc("report", *arguments, "--out", "made").err == ""
    page = (here / "made" / "index.html").read_text()
    assert "A curve has a gap where its mean is infinite" in page
    means = pd.read_csv(next((here / "made" / "figures").glob("curves-trace_ratio.csv")))
    replace = means[(means["regime"] == "replace") & (means["generation"] == 60)]
    assert replace["mean"].tolist() == [0]
