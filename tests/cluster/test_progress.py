from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from s3_server import S3

from raysc.cluster import progress as room
from raysc.cluster.progress import Progress
from raysc.planning.plan import make_plan
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep

LOST = "ActorDiedError: The actor died because its node has died. Node Id: 0123"
CRASHED = "ActorDiedError: Worker unexpectedly exits with a connection error code 2."


@pytest.fixture
def progress(make_sweep: Callable[..., Sweep], gaussian_text: str, tmp_path: Any) -> Progress:
    return Progress(make_plan(make_sweep(gaussian_text), Objects.at(str(tmp_path))), Console(quiet=True))


def trial(error: str) -> Any:
    return SimpleNamespace(config={"unit": "loop/a/0"}, error_file=None, get_error=lambda: error)


def test_a_process_that_died_is_a_failure_and_a_lost_node_is_none(progress: Progress) -> None:
    progress.on_trial_error(1, [], trial(LOST))
    assert progress.failures == {}
    progress.on_trial_error(1, [], trial(CRASHED))
    assert progress.failures == {"loop/a/0": CRASHED}


def test_a_crew_that_lost_a_ranks_node_is_no_failure_either(progress: Progress) -> None:
    told = f"Traceback (most recent call last):\n  ...\nray.exceptions.{LOST}"
    progress.on_trial_result(1, [], trial(""), {"failure": told})
    progress.on_trial_error(1, [], trial("the trial's own words go first"))
    assert progress.failures == {}


def test_what_tune_wrote_on_this_machine_goes_first_and_of_it_the_last_failure(
    progress: Progress, tmp_path: Path
) -> None:
    file = tmp_path / "error.txt"
    file.write_text(f"Failure # 1 (occurred at noon)\n{LOST}\nFailure # 2 (occurred at one)\n{CRASHED}\n")
    progress.on_trial_error(
        1, [], SimpleNamespace(config={"unit": "loop/a/0"}, error_file=str(file), get_error=lambda: None)
    )
    assert progress.failures["loop/a/0"].endswith(CRASHED)
    assert LOST not in progress.failures["loop/a/0"]


def test_a_bucket_that_does_not_answer_ends_no_sweep(
    make_sweep: Callable[..., Sweep], gaussian_text: str, tmp_path: Path, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "EVERY", 0.0)
    console = Console(record=True, width=200)
    plan = make_plan(make_sweep(gaussian_text), Objects.at(str(tmp_path)))
    shown = Progress(plan, console, Objects.at("s3://bucket/progress"))
    seen = s3.gate.seen.get("GET", 0)
    with s3.refusing(lambda method, path: method == "GET"):
        shown.on_step_end(1, [])
    assert s3.gate.seen["GET"] > seen, "the leases were asked for"
    assert "0/4 units" in console.export_text()
