from pathlib import Path

from tests.cli.conftest import Arguments, RunRaysc


def test_the_page_and_its_figures_are_written(raysc: RunRaysc, gaussian_arguments: Arguments, here: Path) -> None:
    ran = raysc("report", *gaussian_arguments, "--out", "seen")
    assert ran.status == 0
    assert ran.out.startswith("wrote seen/index.html (7 figures")
    assert (here / "seen/index.html").stat().st_size > 50_000
    assert len(list((here / "seen/figures").glob("*.svg"))) == 7


def test_a_report_that_cannot_be_written_says_so(raysc: RunRaysc, gaussian_arguments: Arguments, here: Path) -> None:
    (here / "taken").write_text("")
    ran = raysc("report", *gaussian_arguments, "--out", "taken/report")
    assert ran.status == 2
    assert "taken/report: the report cannot be written" in ran.err
