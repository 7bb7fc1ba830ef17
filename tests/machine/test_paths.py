"""Paths that a user names."""

from pathlib import Path

import pytest

from raysc.errors import InputError
from raysc.machine.paths import is_existing, local_path


def test_a_relative_path_starts_at_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert local_path("a b#c%20d?e") == tmp_path / "a b#c%20d?e"
    assert local_path(Path("x")) == tmp_path / "x"
    assert local_path("a:b//c") == tmp_path / "a:b" / "c"
    assert local_path("~/x") == tmp_path / "home" / "x"


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("", "empty text"),
        ("a\0b", "zero byte"),
        ("~nosuchuser/store", "~nosuchuser is no home folder"),
        ("x" * 300, "more than 255 bytes"),
        ("folder/" + "漢" * 100, "more than 255 bytes"),
        ("x/" * 3000, "the path has more than 4095 bytes"),
        ("file:///data/points.csv", "got a URI; write the path alone"),
        ("FILE:/data/points.csv", "got a URI"),
        ("s3://bucket/points.csv", "got a URI"),
        ("s3:bucket/points.csv", "got a URI"),
        ("\ud800", "characters that no file name can have"),
    ],
)
def test_a_path_that_cannot_be_is_refused(path: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        local_path(path)
    assert len(str(caught.value)) < 200


def test_a_path_that_cannot_be_looked_up_does_not_exist(tmp_path: Path) -> None:
    assert is_existing(tmp_path)
    assert not is_existing(tmp_path / ("x" * 300))
