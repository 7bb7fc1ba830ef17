import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from raysc.cluster import driver
from raysc.display import ConsoleDisplay
from raysc.planning.plan import make_plan
from raysc.planning.resolved import ResolvedSweep, resolve
from raysc.planning.units import InitialUnit, Unit
from raysc.store.leases import Lease
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]


class RecordingDisplay(ConsoleDisplay):
    """A quiet display that keeps the printed lines."""

    def __init__(self) -> None:
        super().__init__(Console(quiet=True))
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects.open(str(tmp_path))


@pytest.fixture
def gaussian(make_sweep: MakeSweep, gaussian_text: str) -> ResolvedSweep:
    return resolve(make_sweep(gaussian_text))


def test_units_without_progress_are_run_a_few_times_and_then_count_as_failed(
    gaussian: ResolvedSweep, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    waves: list[int] = []

    def publish_nothing(units: Sequence[Unit], *arguments: Any) -> None:
        waves.append(len(units))

    monkeypatch.setattr(driver, "run_units", publish_nothing)
    failures = driver.run_to_the_end(gaussian, objects, RecordingDisplay())
    assert waves == [4] * driver.MAX_RUNS
    assert len(failures) == 4
    assert set(failures.values()) == {f"it was run {driver.MAX_RUNS} times and got no further"}


def test_loops_fail_with_their_generation_0(
    make_sweep: MakeSweep, digits_text: str, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    waves: list[str] = []

    def fail(
        units: Sequence[Unit], plan: object, objects: object, real_data: object, failures: dict[str, str], _: object
    ) -> None:
        waves.extend(sorted({unit.name.partition("/")[0] for unit in units}))
        failures.update({unit.name: "no" for unit in units if isinstance(unit, InitialUnit)})

    monkeypatch.setattr(driver, "run_units", fail)
    failures = driver.run_to_the_end(resolve(make_sweep(digits_text)), objects, RecordingDisplay())
    assert waves == ["initial", "loop"]
    reasons = {name: reason for name, reason in failures.items() if name.startswith("loop/")}
    assert set(reasons.values()) == {"generation 0 is missing, since its training failed"}
    assert len(reasons) == 12


def test_units_of_another_process_are_waited_for(
    gaussian: ResolvedSweep, objects: Objects, run_sweep: RunSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    leases = [Lease.acquire(objects, unit.name, "other") for unit in make_plan(gaussian, objects).units]
    assert None not in leases
    waits: list[float] = []

    def finish_elsewhere(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            run_sweep(gaussian.sweep, objects)

    monkeypatch.setattr(time, "sleep", finish_elsewhere)
    display = RecordingDisplay()
    assert driver.run_to_the_end(gaussian, objects, display) == {}
    assert len(display.lines) == 1
    assert display.lines[0].startswith("waiting for 4 units that another raysc sweep runs: process ")
    assert waits[0] >= driver.MIN_WAIT_SECONDS
    assert waits[1] == pytest.approx(1.5 * waits[0])
