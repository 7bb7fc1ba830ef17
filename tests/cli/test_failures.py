import json
from pathlib import Path

import pytest

from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.cli.conftest import Arguments, RunRaysc
from tests.results.test_failure_reasons import TRACEBACK

REASON = "bad.py:19 in measure: IndexError: index 3 is out of bounds"


@pytest.fixture
def failed(gaussian_store: tuple[Sweep, Objects], tmp_path: Path) -> Arguments:
    """A store in which the first two units of a sweep failed."""
    sweep, objects = gaussian_store[0], Objects.open(str(tmp_path / "store"))
    for unit in make_plan(resolve(sweep), objects).units[:2]:
        objects.put(f"sweeps/{sweep.name}/failures/{unit.name}.txt", TRACEBACK.encode())
    return sweep.path, "--storage", objects.uri


def test_failures_are_listed_with_their_reason(raysc: RunRaysc, failed: Arguments) -> None:
    lines = raysc("failures", *failed).out.splitlines()
    assert lines[0] == f"cell 0 (replace, lambda 1), seeds 0, 1, 2: {REASON}"
    assert lines[-2] == "small-gaussian: 2 failed; raysc sweep runs them again"
    assert lines[-1].endswith(f"raysc sweep {failed[0]} --debug --cell 0 --seed 0")
    assert 'File "/home/me/bad.py", line 19' in raysc("failures", *failed, "--traceback").out
    rows = json.loads(raysc("failures", *failed, "--json").out)
    assert [row["reason"] for row in rows] == [REASON] * 2
    assert rows[0]["traceback"] == TRACEBACK


@pytest.mark.parametrize(("command", "text"), [("status", "2 failed: "), ("plan", "2 failed before: ")])
def test_status_and_plan_say_why(raysc: RunRaysc, failed: Arguments, command: str, text: str) -> None:
    assert f"{text}{REASON}\n" in raysc(command, *failed).out


def test_a_finished_sweep_has_no_failures(raysc: RunRaysc, gaussian_arguments: Arguments) -> None:
    assert raysc("failures", *gaussian_arguments).out == "small-gaussian: 0 failed\n"
