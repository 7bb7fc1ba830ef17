import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import ray

from raysc.cluster import ray_compat, session
from raysc.cluster.doctor import ray_answers
from raysc.cluster.session import START_ATTEMPTS, TRIAL_LIBRARIES, libraries_to_preload, running_ray
from raysc.errors import InputError, RayscError
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep


@pytest.fixture(autouse=True)
def no_slow_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start no thread that imports beside the tests that follow."""
    monkeypatch.setattr(session, "SLOW_IMPORTS", ())


def test_an_address_without_a_cluster_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with socket.socket() as bound:  # bound and not listening: no other process gets this port
        bound.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{bound.getsockname()[1]}"
        with (
            pytest.raises(InputError, match=f"no Ray cluster answers at {address} .*RAY_ADDRESS"),
            running_ray(address),
        ):
            pytest.fail("there is no such cluster")
        finding = ray_answers(address)
    assert finding.broken
    assert address in finding.state


@pytest.mark.parametrize(
    ("message", "attempts"),
    [("The current node timed out during startup. This could happen", START_ATTEMPTS), ("no such resource", 1)],
)
def test_a_slow_start_of_ray_is_tried_again(monkeypatch: pytest.MonkeyPatch, message: str, attempts: int) -> None:
    starts = []

    def fail(**options: object) -> None:
        starts.append(options)
        raise Exception(message)

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", fail)
    with pytest.raises(RayscError, match=message), running_ray("local"):
        pytest.fail("Ray did not start")
    assert len(starts) == attempts


def test_the_processes_of_a_failed_start_are_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ray" / "raylet.py"
    program.parent.mkdir()
    program.write_text("import time; time.sleep(600)")
    started: list[subprocess.Popen[bytes]] = []

    def fail(**options: object) -> None:
        for folder in (program, tmp_path / "other.py"):
            folder.write_text(program.read_text())
            started.append(subprocess.Popen([sys.executable, str(folder)]))
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr(ray, "init", fail)
    with pytest.raises(Exception, match="timed out during startup"):
        ray_compat.start_ray(2)
    first, other, last = started[:3]
    assert first.wait() < 0
    assert last.wait() < 0
    assert other.poll() is None, "it belongs to something else"
    for process in started:
        process.kill()
        process.wait()


def test_processes_preload_libraries_where_each_core_runs_a_trial_of_a_trained_family(
    make_sweep: Callable[..., Sweep],
    digits_text: str,
    gaussian_text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def libraries(text: str, *overrides: str) -> object:
        return libraries_to_preload(make_plan(resolve(make_sweep(text, *overrides)), Objects.open(str(tmp_path))))

    monkeypatch.setattr(session, "core_count", lambda: 2)
    assert libraries(digits_text) == TRIAL_LIBRARIES
    assert libraries(digits_text, "resources.cpus=2") == ()
    assert libraries(gaussian_text) == ()
    monkeypatch.setattr(session, "core_count", lambda: 64)
    assert libraries(digits_text) == (), "more cores than trials"


@pytest.mark.parametrize(("modules", "threads"), [(("json", "csv"), "1"), ((), None)])
def test_a_local_ray_starts_with_the_modules_to_preload(
    modules: tuple[str, ...], threads: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    environments: list[dict[str, str]] = []

    def record(**options: object) -> None:
        environments.append(dict(os.environ))

    for name in ("OMP_NUM_THREADS", "RAY_preload_python_modules"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", record)
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    with running_ray("local", modules):
        pass
    (environment,) = environments
    assert environment.get("RAY_preload_python_modules") == (",".join(modules) or None)
    assert environment.get("OMP_NUM_THREADS") == threads
    assert "RAY_preload_python_modules" not in os.environ, "restored"
