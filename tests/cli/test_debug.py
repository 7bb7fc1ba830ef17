import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from raysc.store.objects import Objects
from tests.cli.conftest import RunRaysc
from tests.command_line import RAYSC

SWEEP = """\
name: debugged
data: {name: gaussian, rows: 20}
model: gaussian
loop: {generations: 4}
space: {regime: [replace, "mine:Mine"]}
seeds: 3
metrics: [mean_error]
"""
REGIME = """\
from raysc.plugins import Recipe, Take, synthetic


class Mine:
    version = 1
    default_lambda = 1.0

    def recipe(self, generation, rows, lambda_):
        PLACE
        return Recipe((Take(synthetic(generation - 1), rows, 2 * rows, self.first),))

    def first(self, candidates, real, count, generator):
        CHOICE
        return list(range(count))
"""


WriteFiles = Callable[..., None]


@pytest.fixture
def write(here: Path) -> WriteFiles:
    """Write the sweep, and its regime with a statement in a recipe and one in a chooser."""

    def write_files(recipe: str = "pass", chooser: str = "pass") -> None:
        (here / "grid.yaml").write_text(SWEEP)
        (here / "mine.py").write_text(REGIME.replace("PLACE", recipe).replace("CHOICE", chooser))

    return write_files


def debug(*arguments: str, keys: str = "") -> "subprocess.CompletedProcess[str]":
    """Run ``raysc sweep grid.yaml --debug`` in a process of its own, as modules are loaded once."""
    command = [*RAYSC, "sweep", "grid.yaml", "--debug", *arguments]
    return subprocess.run(command, input=keys, capture_output=True, text=True, check=False)


def test_one_seed_of_one_cell_runs_here(raysc: RunRaysc, write: WriteFiles, here: Path) -> None:
    write()
    ran = raysc("sweep", "grid.yaml", "--debug", "--cell", "0", "--seed", "2")
    assert ran.status == 0
    reading, run, *generations = ran.out.splitlines()
    assert reading == "reading grid.yaml"
    assert run == "cell 0 (replace, lambda 1), seed 2, in this process, without Ray; nothing is stored"
    assert [line.split(":")[0] for line in generations] == [f"generation {t}" for t in range(5)]
    assert sorted(path.name for path in here.iterdir()) == ["grid.yaml", "mine.py"]  # and no store


@pytest.mark.slow
def test_prints_and_breakpoints_of_a_plug_in_work(write: WriteFiles, here: Path) -> None:
    write(chooser='print("among", len(candidates)); breakpoint()')
    ended = debug("--cell", "1", keys="p real.shape\nq\n")
    assert "among 40" in ended.stdout
    assert "(Pdb) (20, 1)" in ended.stdout
    assert (ended.returncode, ended.stderr) == (1, "")


def test_an_error_shows_the_line_of_the_plug_in(write: WriteFiles, here: Path) -> None:
    write(chooser="candidates[99]")
    ended = debug("--cell", "1")
    assert ended.returncode == 1
    assert "Traceback" in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith("mine.py:13 in first: IndexError: index 99 is out of bounds")


@pytest.mark.slow
def test_an_error_within_the_checks_shows_it_too(write: WriteFiles, here: Path) -> None:
    write(recipe="assert generation < 4")
    ended = debug("--cell", "1")
    assert ended.stderr.splitlines()[-1].startswith("mine.py:9 in recipe: AssertionError")


def test_a_named_store_keeps_the_results(raysc: RunRaysc, write: WriteFiles, here: Path) -> None:
    write()
    arguments = ("sweep", "grid.yaml", "--debug", "--storage", "kept")
    assert "generation 4: mean_error" in raysc(*arguments).out
    assert any(name.startswith("metrics/") for name in Objects.open(str(here / "kept")).names())
    assert raysc(*arguments).out.endswith("nothing to do: kept has all of it\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--debug", "--cell", "7"), "--cell 7: debugged has cells 0 to 2"),
        (("--debug", "--seed", "9"), "--seed 9: cell 0 of debugged has seeds 0, 1, 2"),
        (("--debug", "--fresh"), "--debug runs in this process; leave out --fresh"),
        (("--seed", "1"), "--cell and --seed need --debug"),
    ],
)
def test_what_cannot_be_debugged_is_refused(
    raysc: RunRaysc, write: WriteFiles, here: Path, arguments: tuple[str, ...], message: str
) -> None:
    write()
    ran = raysc("sweep", "grid.yaml", *arguments)
    assert (ran.status, ran.err) == (2, f"raysc: {message}\n")


def test_a_terminal_gets_a_debugger_at_an_error(write: WriteFiles, here: Path) -> None:
    write(chooser="candidates[99]")
    parent, child = os.openpty()
    command = [*RAYSC, "sweep", "grid.yaml", "--debug", "--cell", "1"]
    process = subprocess.Popen(command, stdin=child, stdout=child, stderr=child)
    os.close(child)
    os.write(parent, b"p count\nq\n")
    output = b""
    with suppress(OSError):  # at the end of the process
        while part := os.read(parent, 1000):
            output += part
    os.close(parent)
    assert process.wait() == 1
    assert b"IndexError" in output
    assert b"\n20\r\n(Pdb)" in output
