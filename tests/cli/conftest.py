import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from raysc.cli import main


@dataclass(frozen=True)
class Ran:
    """What a call of the command left behind."""

    status: int
    out: str
    err: str


def call(*arguments: str) -> Ran:
    """Run ``raysc ...`` in this process."""
    out, err = io.StringIO(), io.StringIO()
    status = 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr("sys.argv", ["raysc", *arguments])
        try:
            main()
        except SystemExit as end:
            status = int(end.code or 0)
    return Ran(status, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def raysc():
    return call


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """An empty folder to work in, without settings from the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAYSC_STORAGE", raising=False)
    return tmp_path


@pytest.fixture(scope="session")
def gaussian_arguments(gaussian_store):
    """SWEEP and --storage of the finished closed-form sweep."""
    sweep, objects = gaussian_store
    return sweep.path, "--storage", objects.uri


@pytest.fixture(scope="session")
def digits_arguments(digits_store):
    sweep, objects = digits_store
    return sweep.path, "--storage", objects.uri
