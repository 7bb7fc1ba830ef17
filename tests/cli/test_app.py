import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import raysc as package
from raysc.cli.shipped import shipped
from raysc.errors import RayscError
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.cli.conftest import RunRaysc


def test_version(raysc: RunRaysc) -> None:
    assert raysc("--version").out == f"raysc {package.__version__}\n"


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_names_every_command(raysc: RunRaysc, option: str) -> None:
    ran = raysc(option)
    assert ran.status == 0
    assert all(name in ran.out for name in ("sweep", "plan", "results", "samples", "list", "init"))


def test_bad_input_is_one_message_and_status_2(raysc: RunRaysc, here: Path) -> None:
    ran = raysc("results", "missing.yaml")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("raysc: missing.yaml: there is no such file, and no sweep of that name in file:///")
    assert ran.err.count("\n") == 1


def test_what_went_wrong_otherwise_is_one_message_and_status_1(
    raysc: RunRaysc, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RayscError("the disk is full")

    monkeypatch.setattr("raysc.cli.app", fail)
    assert raysc().status == 1
    assert raysc().err == "raysc: the disk is full\n"


def test_of_a_damaged_file_it_is_said_what_mends_it(
    raysc: RunRaysc, gaussian_store: tuple[Sweep, Objects], tmp_path: Path
) -> None:
    sweep, objects = gaussian_store
    assert objects.folder is not None
    shutil.copytree(objects.folder, tmp_path / "store")
    (file, *_) = sorted((tmp_path / "store/metrics").rglob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-1])
    ran = raysc("results", sweep.path, "--storage", str(tmp_path / "store"))
    assert (ran.status, ran.out) == (1, "")
    assert f"{file.name} was changed or cut off" in ran.err
    assert ran.err.endswith("; raysc sweep sets it aside and makes it again\n")


def test_help_bad_input_and_plans_of_closed_forms_import_nothing_heavy(tmp_path: Path, gaussian_text: str) -> None:
    (tmp_path / "grid.yaml").write_text(gaussian_text)
    code = """
import sys
from raysc.cli import main
sys.argv = ["raysc", "plan", "grid.yaml", "--storage", "store"]
try:
    main()
finally:
    print(*sorted({"ray", "torch", "matplotlib", "pandas", "scipy"} & set(sys.modules)))
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    first, *_, last = ran.stdout.splitlines()
    assert (first, last) == ("small-gaussian: 4 cells, 3 seeds, T = 4", "")


WITHOUT_HEAVY_MODULES = """
import sys
sys.modules |= dict.fromkeys(["ray", "torch", "transformers", "pandas", "matplotlib"])  # importing them fails
from raysc.cli import main
main()
"""


@pytest.mark.parametrize("arguments", [("plan", str(shipped()["kazdan2024/gaussian"])), ("list", "sweeps")])
def test_commands_import_only_what_they_need(arguments: tuple[str, ...], tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_HEAVY_MODULES, *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_first_line_of_a_sweep_comes_before_slow_imports(tmp_path: Path) -> None:
    file = str(shipped()["quickstart"])
    command = [sys.executable, "-c", WITHOUT_HEAVY_MODULES, "sweep", file]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert ran.stdout == f"reading {file}\n"
    assert "torch" in ran.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_a_command_that_does_not_answer(number: signal.Signals, status: int) -> None:
    code = """
import os, signal, threading
from raysc.cli.interruption import answered_signals
with answered_signals():
    try:
        os.kill(os.getpid(), NUMBER)
        signal.pause()
    except KeyboardInterrupt:
        threading.Event().wait()
"""
    ran = subprocess.run(
        [sys.executable, "-c", code.replace("NUMBER", str(int(number)))], capture_output=True, text=True, timeout=300
    )
    assert (ran.returncode, ran.stderr) == (status, "raysc: stopped; what is published stays\n")


def test_ctrl_c_while_modules_are_imported_prints_no_traceback() -> None:
    code = """
import builtins, os, signal
original = builtins.__import__
def interrupting(name, *rest, **more):
    if name == "typer":
        os.kill(os.getpid(), signal.SIGINT)
    return original(name, *rest, **more)
builtins.__import__ = interrupting
from raysc.cli import main
main()
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert (ran.returncode, ran.stderr) == (130, "raysc: stopped; what is published stays\n")
    code = "import signal, raysc.cli; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "True\n"
