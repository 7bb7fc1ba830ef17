import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.cli.conftest import Arguments, RunRaysc


def test_means_have_their_intervals_beside_them(raysc: RunRaysc, gaussian_arguments: Arguments) -> None:
    rows = json.loads(raysc("results", *gaussian_arguments, "--by", "regime,lambda", "--json").out)
    for row in rows:
        assert row["frechet_distance_low"] < row["frechet_distance_mean"] < row["frechet_distance_high"]
        assert row["frechet_distance_excess_low"] <= row["frechet_distance_excess_mean"]


def test_a_pivot_puts_the_values_of_one_column_side_by_side(raysc: RunRaysc, gaussian_arguments: Arguments) -> None:
    options = ("--by", "regime,lambda", "--pivot", "lambda")
    lines = raysc("results", *gaussian_arguments, *options).out.splitlines()
    assert lines[0].split() == ["regime", "lambda=1", "lambda=0.5", "lambda=2", "lambda="]
    assert [line.split()[0] for line in lines[2:]] == ["replace", "mix", "real_only"]
    assert lines[3].count("[") == 2
    rows = json.loads(raysc("results", *gaussian_arguments, *options, "--json").out)
    assert rows[1]["lambda=1.0"] is None
    assert isinstance(rows[1]["lambda=0.5"], float)


@pytest.mark.parametrize(("sign", "order"), [("", 1), ("-", -1)])
def test_rows_are_sorted_by_any_column(raysc: RunRaysc, gaussian_arguments: Arguments, sign: Any, order: Any) -> None:
    ran = raysc("results", *gaussian_arguments, f"--sort={sign}frechet_distance", "--json")
    values = [order * row["frechet_distance"] for row in json.loads(ran.out)]
    assert values == sorted(values)


def test_markdown_and_latex_have_readable_headings_and_the_best_mean_in_bold(
    raysc: RunRaysc, gaussian_arguments: Arguments
) -> None:
    lines = raysc("results", *gaussian_arguments, "--markdown").out.splitlines()
    assert lines[0].startswith("| regime | $\\lambda$ | seeds | Fréchet distance $\\downarrow$ | excess |")
    assert lines[1].startswith("| :-- | :-- | --: |")
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["replace", "mix", "mix", "real only"]
    assert [line.split("|")[4].count("**") for line in lines[2:]].count(2) == 1
    latex = raysc("results", *gaussian_arguments, "--latex").out
    assert "Fréchet distance $\\downarrow$" in latex
    assert latex.count("\\textbf{") == 3, "distance, excess, variance"
    assert latex.count("\\begin{tabular}") == latex.count("\\end{tabular}") == 1
    both = raysc("results", *gaussian_arguments, "--markdown", "--metric=frechet_distance").out.splitlines()[0]
    assert both.endswith("| Fréchet distance $\\downarrow$ | Fréchet distance floor | excess |")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_the_latex_table_compiles(raysc: RunRaysc, gaussian_arguments: Arguments, here: Path) -> None:
    table = raysc("results", *gaussian_arguments, "--latex").out
    text = f"\\documentclass{{article}}\\usepackage{{booktabs}}\\begin{{document}}{table}\\end{{document}}"
    (here / "table.tex").write_text(text)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"]
    assert subprocess.run(command, cwd=here, capture_output=True).returncode == 0
    assert (here / "table.pdf").exists()


def test_two_sweeps_are_compared_seed_by_seed(raysc: RunRaysc, gaussian_arguments: Arguments, here: Path) -> None:
    ran = raysc("results", *gaussian_arguments, "--against", gaussian_arguments[0], "--csv", "out.csv")
    assert ran.status == 0
    read = pd.read_csv("out.csv")
    assert read["frechet_distance_worse"].tolist() == [0] * 4
    assert read["seeds"].tolist() == [3] * 4
    printed = raysc("results", *gaussian_arguments, "--against", gaussian_arguments[0], "--generation", "2").out
    assert "frechet_distance worse" in printed
    assert printed.splitlines()[2].split()[3] == "2"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--pivot", "lambda", "--json"), "--pivot lambda: expected one of the columns of --by (there is none)"),
        (("--by", "regime", "--pivot", "lambda"), "expected one of the columns of --by (regime)"),
        (("--sort", "fid"), "--sort fid: no such column"),
        (("--against", "SELF", "--by", "regime"), "leave --by and --pivot out"),
        (("--against", "SELF", "--generation", "all"), "--against compares one generation"),
        (("--against", "SELF", "--metric", "frechet_distance_floor"), "it has none of these metrics"),
    ],
)
def test_what_cannot_be_arranged_is_told(
    raysc: RunRaysc, gaussian_arguments: Arguments, options: Any, message: str
) -> None:
    options = [gaussian_arguments[0] if option == "SELF" else option for option in options]
    ran = raysc("results", *gaussian_arguments, *options)
    assert ran.status == 2
    assert message in ran.err
