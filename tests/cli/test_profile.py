import json

from tests.cli.conftest import Arguments, RunRaysc


def test_the_table_fits_80_columns_and_numbers_follow(raysc: RunRaysc, gaussian_arguments: Arguments) -> None:
    ran = raysc("profile", *gaussian_arguments)
    assert (ran.status, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "small-gaussian: collapse by definition"
    assert lines[1].split() == ["regime", "lambda", *"12345678"]
    assert all(len(line) <= 80 for line in lines[:6])
    assert "1 catastrophic rise: the risk is above 2 times the control's (frechet_distance," in ran.out
    assert "not measured  add recall" in ran.out


def test_json_has_every_cell_and_definition(raysc: RunRaysc, gaussian_arguments: Arguments) -> None:
    rows = json.loads(raysc("profile", *gaussian_arguments, "--json", "--factor", "3").out)
    assert len(rows) == 3 * 8
    assert rows[0]["definition"] == "catastrophic rise"
    assert {"cell", "regime", "finding", "metric", "value", "low", "high", "unit", "seeds", "note"} <= set(rows[0])


def test_markdown_and_latex_have_a_row_per_cell(raysc: RunRaysc, gaussian_arguments: Arguments) -> None:
    markdown = raysc("profile", *gaussian_arguments, "--markdown").out.splitlines()
    assert markdown[0].startswith("| regime | lambda | catastrophic rise |")
    assert len(markdown) == 2 + 3
    assert "\\toprule" in raysc("profile", *gaussian_arguments, "--latex").out


def test_without_results_there_is_one_message(raysc: RunRaysc, gaussian_arguments: Arguments) -> None:
    ran = raysc("profile", gaussian_arguments[0], "--storage", f"{gaussian_arguments[2]}-empty")
    assert ran.status == 1
    assert len(ran.err.splitlines()) == 1
