from collections.abc import Callable
from pathlib import Path

import pytest

from raysc.cli.status import headline, status_table
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.cli.conftest import Arguments, RunRaysc


def test_every_cell_and_the_counts_are_printed(raysc: RunRaysc, gaussian_arguments: Arguments) -> None:
    ran = raysc("status", *gaussian_arguments)
    assert ran.status == 0
    lines = ran.out.splitlines()
    assert lines[0] == "small-gaussian: of 12 runs 12 done; 48/48 generations"
    assert lines[1].split() == ["cell", "regime", "lambda", "done", "generations"]
    assert lines[3].split() == ["0", "replace", "1", "3", "12/12"]
    assert len(lines) == 3 + 4 + 1
    assert lines[-1].startswith("nobody is at work; last published 2")


def test_watching_a_finished_sweep_ends_at_once(raysc: RunRaysc, gaussian_arguments: Arguments) -> None:
    ran = raysc("status", *gaussian_arguments, "--watch")
    assert ran.out == "small-gaussian: of 12 runs 12 done; 48/48 generations\n"


def test_watching_ends_when_the_last_seed_has_ended_early(
    raysc: RunRaysc,
    here: Path,
    gaussian_text: str,
    make_sweep: Callable[..., Sweep],
    run_sweep: Callable[[Sweep, Objects], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = gaussian_text.replace("generations: 4", "generations: 4, until: {metric: feature_variance, above: 0}")
    (here / "grid.yaml").write_text(text)
    objects, slept = Objects.open("raysc-store"), []

    def work(seconds: float) -> None:
        slept.append(seconds)
        run_sweep(make_sweep(text, f"seeds={3 * len(slept) - 2}"), objects)

    monkeypatch.setattr("time.sleep", work)
    ran = raysc("status", "grid.yaml", "--watch")
    assert ran.status == 0
    assert len(slept) == 2
    assert [line.partition("; ")[0] for line in ran.out.splitlines()] == [
        "small-gaussian: of 12 runs 0 done, 12 waiting",
        "small-gaussian: of 12 runs 4 done, 8 waiting",
        "small-gaussian: of 12 runs 12 done",
    ]
    assert ran.out.endswith("48/48 generations\n")


def test_a_store_without_the_sweep_has_all_of_it_waiting(
    raysc: RunRaysc, gaussian_arguments: Arguments, here: Path
) -> None:
    ran = raysc("status", gaussian_arguments[0], "--storage", "empty")
    assert ran.out.startswith("small-gaussian: of 12 runs 0 done, 12 waiting; 0/48 generations")


def test_a_rate_and_the_time_left_are_told_and_those_at_work_come_first(
    gaussian_store: tuple[Sweep, Objects], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from rich.console import Console

    from raysc.planning.resolved import resolve
    from raysc.results.status import CellStatus, read_status
    from raysc.store.leases import Holder

    found = read_status(resolve(gaussian_store[0]), gaussian_store[1])
    cells = (*found.cells[:3], CellStatus(3, {0: "running", 1: "failed", 2: "waiting"}, 4))
    holder = Holder("here", "node7", 12, 0.0, 0.0, 0.0, "small-gaussian", doing="training: 50 of 100 steps")
    found = replace(found, cells=cells, done=40, rate=0.1, holders=(holder,))
    assert headline(found).endswith("; 40/48 generations, 6 a minute, about 1 min 20 s left")
    console = Console(width=200)
    with console.capture() as told:
        console.print(status_table(found, 1))
    text = told.get()
    assert text.splitlines()[1].split() == [
        "cell", "regime", "lambda", "done", "running", "waiting", "failed", "generations",
    ]  # fmt: skip
    assert [line.split()[0] for line in text.splitlines()[3:4]] == ["3"]
    assert "and 3 more cells" in text
    assert "process 12 on node7: training: 50 of 100 steps" in text
