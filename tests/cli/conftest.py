import io
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

import pytest

from raysc.cli import main
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep


@dataclass(frozen=True)
class Ran:
    """Exit status and output of a call."""

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


RunRaysc = Callable[..., Ran]
Arguments = tuple[str, str, str]
"""SWEEP, --storage and URI."""


@pytest.fixture(scope="session")
def raysc() -> RunRaysc:
    return call


@pytest.fixture(scope="session")
def gaussian_arguments(gaussian_store: tuple[Sweep, Objects]) -> Arguments:
    """SWEEP and --storage of the finished closed-form sweep."""
    sweep, objects = gaussian_store
    return sweep.path, "--storage", objects.uri


@pytest.fixture(scope="session")
def digits_arguments(digits_store: tuple[Sweep, Objects]) -> Arguments:
    sweep, objects = digits_store
    return sweep.path, "--storage", objects.uri
