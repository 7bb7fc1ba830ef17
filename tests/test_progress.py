"""Progress of the long loop that a process runs."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from raysc import progress
from raysc.formatting import clock
from raysc.progress import LoopProgress, describe, report
from raysc.store import leases
from raysc.store.leases import Lease, holders
from raysc.store.objects import Objects
from tests.conftest import MakeSweep, RunSweep


@pytest.fixture(autouse=True)
def no_loop() -> Iterator[None]:
    progress.relay(None)
    yield
    progress.relay(None)


def started() -> float:
    assert progress._current is not None
    return progress._current.started


def test_rate_and_remaining_time_count_from_the_first_report() -> None:
    training = LoopProgress("training", "steps", 1_000, 1_200, 20_000, started=10.0)
    assert training.text(15.0) == "training: 1,200 of 20,000 steps, 40 a second, about 7 min 50 s left"
    slow = LoopProgress("sampling", "blocks of rows", 0, 1, 3, started=0.0)
    assert slow.text(20.0) == "sampling: 1 of 3 blocks of rows, 3 a minute, about 40 s left"
    assert LoopProgress("training", "steps", 5, 5, 10, started=0.0).text(9.0) == "training: 5 of 10 steps"


def test_the_last_report_clears_a_loop_and_a_new_loop_starts_from_zero() -> None:
    assert describe() == ""
    report("training", "steps", 0, 4)
    first_start = started()
    report("training", "steps", 2, 4)
    assert describe().startswith("training: 2 of 4 steps")
    assert started() == first_start
    report("training", "steps", 0, 4)
    assert started() > first_start, "the next generation"
    report("training", "steps", 4, 4)
    assert describe() == ""


def test_a_part_of_a_loop_may_have_a_label_of_its_own_and_does_not_count_in_the_rate() -> None:
    report("training", "steps", 3, 400)
    first_start = started()
    with progress.relabelled("compiling, then training"):
        assert describe() == "compiling, then training: 3 of 400 steps"
    assert describe() == "training: 3 of 400 steps"
    assert started() > first_start
    with progress.relabelled("compiling"):
        pass
    report("training", "steps", 400, 400)
    with progress.relabelled("compiling"):
        assert describe() == "", "no loop runs"


def test_a_lease_carries_the_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEWAL_SECONDS", 0.01)
    objects = Objects.open(str(tmp_path))
    lease = Lease.acquire(objects, "loop/lineage/0", "mine")
    assert lease is not None
    with lease:
        report("training", "steps", 50, 100)
        for _ in range(500):
            if (holder := holders(objects)["loop/lineage/0"]).doing:
                break
        assert holder.doing.startswith("training: 50 of 100 steps")


@pytest.mark.parametrize(
    ("data", "features"),
    [("digits", "pixels"), ("moons", "coordinates")],
    ids=["one seed a unit", "seeds trained together"],
)
def test_training_sampling_measuring_and_storing_report_progress(
    data: str,
    features: str,
    make_sweep: MakeSweep,
    run_sweep: RunSweep,
    digits_text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reports: list[tuple[str, str, int, int]] = []

    def record(activity: str, unit: str, done: int, total: int) -> None:
        reports.append((activity, unit, done, total))

    modules = (
        "models.training.loop",
        "models.neural.sampling",
        "models.training.packs",
        "metrics.core.measure",
        "store.publishing",
    )
    for module in modules:
        monkeypatch.setattr(f"raysc.{module}.report", record)
    text = digits_text.replace("name: digits", f"name: {data}").replace("pixels", features)
    run_sweep(make_sweep(text, "space.regime=mix"), Objects.open(str(tmp_path)))
    activities = {activity for activity, *_ in reports}
    assert activities == {"training", "sampling", "measuring", "storing the model"}
    for activity in activities:
        steps = [(done, total) for name, _, done, total in reports if name == activity]
        assert steps[0][0] == 0
        assert steps[-1][0] == steps[-1][1], "the loop ends"
        assert np.diff([done for done, _ in steps]).max() >= 1


def test_clock_formats_seconds_minutes_and_hours() -> None:
    assert [clock(seconds) for seconds in (4.9, 185, 7800)] == ["4 s", "3 min 05 s", "2 h 10 min"]
