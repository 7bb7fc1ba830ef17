from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from raysc.cluster import progress
from raysc.cluster.failures import Failures
from raysc.cluster.progress import ProgressTracker
from raysc.cluster.unit_labels import unit_label
from raysc.display import CellProgress, SweepProgress
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.store.leases import Lease
from raysc.store.objects import Objects
from raysc.sweepfile import Sweep
from tests.s3_server import S3

if TYPE_CHECKING:
    from rich.table import Table

MakeSweep = Callable[..., Sweep]


@dataclass
class RecordingDisplay:
    """A display that keeps every state."""

    width: int = 80
    update_seconds: float = 0.0
    states: list[SweepProgress] = field(default_factory=list)

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def say(self, text: str) -> None: ...

    def show(self, table: "Table") -> None: ...

    def update(self, progress: SweepProgress) -> None:
        self.states.append(progress)


def trial(unit: str) -> Any:
    return SimpleNamespace(config={"unit": unit})


def test_published_generations_are_counted_by_unit_and_by_cell(
    make_sweep: MakeSweep, digits_text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "MIN_LOOP_SECONDS", -1.0)
    objects, display = Objects.open(str(tmp_path)), RecordingDisplay()
    resolved = resolve(make_sweep(digits_text))
    plan = make_plan(resolved, objects)
    failures: Failures = {}
    tracker = ProgressTracker(resolved, objects, display, failures)
    tracker.expect(plan)
    tracker.expect(plan)

    tracker.on_trial_complete(1, [], trial(plan.initial[0].name))
    state = display.states[-1]
    units = len(plan.units)
    assert (state.sweep, state.metric, state.axes) == (
        "small-digits",
        "frechet_distance[pixels]",
        ("regime", "lambda", "initial.steps"),
    )
    assert (state.units_done, state.units_total, state.units_failed) == (1, units, 0)
    assert (state.generations_done, state.generations_total) == (0, plan.to_do)
    assert state.remaining_seconds is None
    assert state.cells == ()

    mix, other = (unit for unit in plan.loop if unit.cell == plan.loop[0].cell)
    tracker.on_trial_result(1, [], trial(mix.name), {"generation": 1, state.metric: 2.0})
    tracker.on_trial_result(1, [], trial(other.name), {"generation": 2, state.metric: 4.0})
    failures["loop/another/0"] = "its process died"
    tracker.on_trial_error(1, [], trial("loop/another/0"))
    state = display.states[-1]
    assert (state.generations_done, state.units_failed, state.last_generation) == (3, 1, 2)
    assert state.remaining_seconds is not None
    assert state.cells == (CellProgress(("mix", "1.0", "2"), 1, 3.0),)


@pytest.mark.parametrize("reads", ["self", "complete"])
def test_generations_of_all_seeds_and_models_are_counted_as_in_the_plan(
    make_sweep: MakeSweep, gaussian_text: str, tmp_path: Path, reads: str
) -> None:
    objects, display = Objects.open(str(tmp_path)), RecordingDisplay()
    resolved = resolve(make_sweep(gaussian_text + f"models: {{count: 3, reads: {reads}}}\n"))
    plan = make_plan(resolved, objects)
    tracker = ProgressTracker(resolved, objects, display, {})
    tracker.expect(plan)
    for unit in plan.loop:
        tracker.on_trial_result(1, [], trial(unit.name), {"generation": 0})
    assert (display.states[-1].generations_done, display.states[-1].generations_total) == (0, plan.to_do)
    for unit in plan.loop:
        tracker.on_trial_result(1, [], trial(unit.name), {"generation": unit.cell.generations})
    assert display.states[-1].generations_done == plan.to_do


def test_a_reported_traceback_is_no_generation(make_sweep: MakeSweep, gaussian_text: str, tmp_path: Path) -> None:
    objects, display = Objects.open(str(tmp_path)), RecordingDisplay()
    resolved = resolve(make_sweep(gaussian_text))
    tracker = ProgressTracker(resolved, objects, display, {})
    tracker.on_trial_result(1, [], trial("loop/a/0"), {"failure": "Traceback ..."})
    assert display.states == []


def test_a_display_is_updated_no_more_often_than_it_asks_for(
    make_sweep: MakeSweep, gaussian_text: str, tmp_path: Path
) -> None:
    display = RecordingDisplay(update_seconds=60.0)
    tracker = ProgressTracker(resolve(make_sweep(gaussian_text)), Objects.open(str(tmp_path)), display, {})
    tracker.on_step_end(1, [])
    assert display.states == []


def test_activities_come_from_the_leases_of_the_sweeps_units(
    make_sweep: MakeSweep, gaussian_text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects, display = Objects.open(str(tmp_path)), RecordingDisplay()
    resolved = resolve(make_sweep(gaussian_text))
    plan = make_plan(resolved, objects)
    tracker = ProgressTracker(resolved, objects, display, {})
    tracker.expect(plan)
    holders = {
        plan.loop[0].name: SimpleNamespace(doing="training: 1 of 2 steps", generation=3),
        plan.loop[1].name: SimpleNamespace(doing="", generation=-1),
        "loop/of-another-sweep/0": SimpleNamespace(doing="sampling"),
    }
    monkeypatch.setattr(progress, "holders", lambda objects: holders)
    tracker.on_step_end(1, [])
    labels = [unit_label(unit, ("regime", "lambda")) for unit in plan.loop[:2]]
    assert display.states[-1].activities == (
        f"{labels[0]}, after generation 3: training: 1 of 2 steps",
        f"{labels[1]}: running",
    )


def test_a_bucket_that_does_not_answer_ends_no_sweep(make_sweep: MakeSweep, gaussian_text: str, s3: S3) -> None:
    objects, display = Objects.open("s3://bucket/progress"), RecordingDisplay()
    resolved = resolve(make_sweep(gaussian_text))
    lease = Lease.acquire(objects, "loop/a/0", "toy")
    assert lease is not None
    with lease:
        tracker = ProgressTracker(resolved, objects, display, {})
        requests = s3.gate.requests.get("GET", 0)
        with s3.refusing(lambda method, path: method == "GET"):
            tracker.on_step_end(1, [])
    assert s3.gate.requests["GET"] > requests, "the leases were read"
    assert [state.units_total for state in display.states] == [0]
