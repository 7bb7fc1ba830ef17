import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Arguments, RunRaysc

GRID = """\
name: timed
data: {name: gaussian, rows: 20}
model: gaussian
loop: {generations: 3}
space: {regime: [replace, accumulate]}
seeds: 4
metrics: [mean_error]
control: false
"""


@pytest.fixture
def grid(here: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    (here / "grid.yaml").write_text(GRID)
    return "grid.yaml"


def test_time_is_told_when_it_is_asked_for(raysc: RunRaysc, grid: str) -> None:
    told = raysc("plan", grid, "--time").out
    (line,) = [line for line in told.splitlines() if line.startswith("time:")]
    assert line.startswith("time: about ")
    assert "2 units were probed with few seeds" in line
    assert "time:" not in raysc("plan", grid).out


def test_time_in_json(raysc: RunRaysc, grid: str) -> None:
    told = json.loads(raysc("plan", grid, "--time", "--json").out)
    assert told["tried_units"] == told["units"] == 2
    assert told["units_without_estimate"] == 0
    assert 0 < told["core_seconds"] <= told["seconds"] * told["cores"]
    assert not {"seconds", "core_seconds"} & set(json.loads(raysc("plan", grid, "--json").out))


def test_of_a_cluster_only_the_work_is_told(raysc: RunRaysc, grid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "ray://elsewhere:10001")
    told = json.loads(raysc("plan", grid, "--time", "--json").out)
    assert (told["seconds"], told["cores"]) == (None, None)
    assert told["core_seconds"] > 0
    assert "of one core; 2 units" in raysc("plan", grid, "--time").out


def test_a_finished_sweep_takes_no_time(
    raysc: RunRaysc, gaussian_arguments: Arguments, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    told = raysc("plan", *gaussian_arguments, "--time").out
    assert "time:" not in told
    assert told.endswith("nothing to do\n")


@pytest.mark.slow
def test_trained_units_are_estimated_from_a_few_steps(raysc: RunRaysc, here: Path, digits_text: str) -> None:
    (here / "digits.yaml").write_text(digits_text)
    out = raysc("plan", "digits.yaml", "--time").out
    assert "for training and sampling of 14 units, without measuring; " in out
    assert "no estimate" not in out
    given = json.loads(raysc("plan", "digits.yaml", "--time", "--json", "--set", "resources.workers=2").out)
    assert (given["units_without_estimate"], given["trained_seconds"]) == (14, 0)
