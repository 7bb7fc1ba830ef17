"""Private parts of Ray, against the installed version."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import ray
from ray._private import worker
from ray.exceptions import RayTaskError
from ray.tune.experiment import Trial

from raysc.cluster import ray_compat
from raysc.store.publishing import DamagedObjectError

MARKED_DEAD = (
    "The node with node id: {} and address: 10.0.0.7 and node name: one has been marked dead because the detector has "
    "missed too many heartbeats from it. This can happen when a \t(1) raylet crashes unexpectedly (OOM, etc.) \n\t(2) "
    "raylet has lagging heartbeats due to slow network or busy workload."
)
SHUTDOWN = "Raylet is terminated. Termination is unexpected. Possible reasons include: ...\n    [state-dump] \n"
LOW_MEMORY = "A worker was killed, since the node was running low on memory."


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Ray prints of the errors that its nodes publish."""
    lines: list[str] = []

    def write(data: dict[str, Any], ignore_prefix: bool) -> None:
        lines.extend(data["lines"])

    monkeypatch.setattr(worker, "print_to_stdstream", write)
    return lines


def publish(message: str) -> None:
    """Print a message as Ray's listening thread does."""
    worker.print_to_stdstream({"lines": [message], "pid": "raylet", "is_err": False}, ignore_prefix=False)


def test_messages_about_lost_nodes_are_suppressed_and_all_others_printed(printed: list[str]) -> None:
    dead: list[str] = []
    with ray_compat.without_node_messages(dead.append):
        publish(SHUTDOWN)
        publish(MARKED_DEAD.format("0a"))
        publish(LOW_MEMORY)
    assert dead == ["0a"]
    assert printed == [LOW_MEMORY]
    publish(SHUTDOWN)
    assert printed[1:] == [SHUTDOWN], "as before"


def test_a_ray_without_the_print_function_prints_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(worker, "print_to_stdstream")
    with ray_compat.without_node_messages(pytest.fail):
        assert not hasattr(worker, "print_to_stdstream")


def test_a_dead_node_is_named_by_the_error_of_its_processes() -> None:
    message = "The actor died because its node has died. Node Id: 0c1f\n\tthe node was terminated"
    assert ray_compat.node_died(message)
    assert ray_compat.dead_node(message) == "0c1f"
    assert not ray_compat.node_died("Worker unexpectedly exits with a connection error code 2.")
    assert ray_compat.dead_node("its node has died") == ""


def test_a_wrapped_error_of_another_process_is_unwrapped() -> None:
    error = DamagedObjectError("cut off", "spans/a/0/1-1")
    wrapped = RayTaskError("fit", "Traceback ...", error).as_instanceof_cause()
    assert isinstance(wrapped, DamagedObjectError)
    assert ray_compat.unwrap(wrapped) is error
    assert ray_compat.unwrap(error) is error


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Failure # 1 (at noon)\nfirst\nFailure # 2 (at one)\nsecond\n",
            "2 (at one)\nsecond",
        ),
        ("", "its process died"),
    ],
)
def test_the_last_entry_of_tunes_error_file_is_the_error(text: str, expected: str, tmp_path: Path) -> None:
    file = tmp_path / "error.txt"
    file.write_text(text)
    trial: Any = SimpleNamespace(error_file=str(file))
    assert ray_compat.error_of(trial) == expected


def test_without_an_error_file_tunes_own_error_is_the_error() -> None:
    trial: Any = SimpleNamespace(error_file=None, get_error=lambda: "TuneError: lost")
    assert ray_compat.error_of(trial) == "TuneError: lost"

    def unreadable() -> None:
        raise EOFError

    trial.get_error = unreadable
    assert ray_compat.error_of(trial) == "its process died, and Ray Tune could not record why"


def test_the_installed_ray_has_the_private_parts() -> None:
    assert callable(worker.print_to_stdstream)
    assert isinstance(Trial.error_file, property)
    source = Path(ray.__file__).parent
    assert '"Failure # {}' in (source / "tune/experiment/trial.py").read_text()
    assert "RAY_AIR_NEW_OUTPUT" in (source / "tune/experimental/output.py").read_text()
    assert "TUNE_DISABLE_SIGINT_HANDLER" in (source / "tune/tune.py").read_text()


def test_the_configuration_of_an_autoscaler_is_found_by_its_process(tmp_path: Path) -> None:
    file = tmp_path / "autoscaling.yaml"
    file.write_text("max_workers: 3\n")
    options = [f"--autoscaling-config={file}", "--gcs-address=127.0.0.1:1"]
    process = subprocess.Popen([sys.executable, "-c", "input()", *options], stdin=subprocess.PIPE)
    try:
        assert ray_compat.autoscaler_config("127.0.0.1:1") == "max_workers: 3\n"
        assert ray_compat.autoscaler_config("127.0.0.1:2") == ""
    finally:
        process.kill()
        process.communicate()


def test_processes_of_this_version_preload_modules() -> None:
    source = Path(ray.__file__).parent
    assert "--worker-preload-modules" in (source / "_private/workers/default_worker.py").read_text()
    assert b"RAY_preload_python_modules" in (source / "core/src/ray/raylet/raylet").read_bytes()
