from pathlib import Path

import pytest

from tests.cli.conftest import Arguments, RunRaysc


@pytest.mark.parametrize(("suffix", "start"), [("pdf", b"%PDF"), ("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_a_figure_is_written_in_the_format_of_its_name(
    raysc: RunRaysc, gaussian_arguments: Arguments, here: Path, suffix: str, start: bytes
) -> None:
    ran = raysc("figure", *gaussian_arguments, "--size", "3.25x2.4", "--scale", "log", "--out", f"x.{suffix}")
    assert (ran.status, ran.out, ran.err) == (0, "", f"wrote x.{suffix}\n")
    assert (here / f"x.{suffix}").read_bytes().startswith(start)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--size", "3"), "--size 3: expected width x height from 1 to 60 inches, such as 3.25x2.2"),
        (("--size", "0.1x0.1"), "--size 0.1x0.1: expected"),
        (("--out", "x.jpg"), "--out x.jpg: expected a file that ends with .pdf, .svg or .png"),
        (("--metric", "frechet"), "metric frechet: small-gaussian has no such metric; did you mean"),
        (("--where", "lambda=7"), "where lambda=7: cells have 0.5, 1, 2"),
    ],
)
def test_options_are_refused_before_anything_is_drawn(
    raysc: RunRaysc, gaussian_arguments: Arguments, here: Path, options: tuple[str, ...], message: str
) -> None:
    ran = raysc("figure", *gaussian_arguments, *options)
    assert ran.status == 2
    assert message in ran.err
    assert not list(here.iterdir())
