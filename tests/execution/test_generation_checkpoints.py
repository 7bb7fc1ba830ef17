"""Long generations go on where they were stopped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pandas as pd
import pytest

from raysc.execution import generation_checkpoints
from raysc.execution.generation_checkpoints import CheckpointedCrew
from raysc.execution.ranks import TrainedRank
from raysc.planning.resolved import resolve
from raysc.results.table.table import load_table
from raysc.store.objects import Objects
from raysc.store.publishing import Attempt
from raysc.sweepfile import Sweep
from tests.command_line import results

pytestmark = pytest.mark.slow

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]

ONE_CELL = ("seeds=1", "space.regime=mix", "space.initial.steps=30", "control=false", "loop.generations=2")


class Stopped(Exception):
    """Stands for the end of a preempted process."""


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
@pytest.mark.parametrize("stop_at", [0, 1])
def test_a_fit_that_was_stopped_goes_on_with_the_same_result(
    schedule: str, stop_at: int, make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    changes = [*ONE_CELL, "loop.budget.steps=30", f"train.schedule={schedule}"]
    whole = Objects.open(str(tmp_path / "whole"))
    run_sweep(make_sweep(digits_text, *changes), whole)

    monkeypatch.setattr(generation_checkpoints, "TRIAL_STEPS", 7)
    checkpointed = make_sweep(digits_text, *changes, "resources.checkpoint_minutes=0.0000001")  # after every piece
    objects = Objects.open(str(tmp_path / "stopped"))
    fit = TrainedRank.fit
    pieces: list[tuple[int, range]] = []

    def stopping(self: TrainedRank, generation: int, rows: Any, start: Any, steps: range, *rest: Any) -> Any:
        pieces.append((generation, steps))
        if generation == stop_at and steps.start > 12:
            raise Stopped
        return fit(self, generation, rows, start, steps, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(TrainedRank, "fit", stopping)
        with pytest.raises(Stopped):
            run_sweep(checkpointed, objects)
    assert pieces[-1] == (stop_at, range(13, 14)), "seven steps to see how long one takes, then one by one"
    assert [name.rsplit("/", 1)[1] for name in objects.names("partial")] == [f"{stop_at}-13"], "only the newest is kept"

    again: list[tuple[int, range]] = []

    def recorded(self: TrainedRank, generation: int, rows: Any, start: Any, steps: range, *rest: Any) -> Any:
        again.append((generation, steps))
        return fit(self, generation, rows, start, steps, *rest)

    monkeypatch.setattr(TrainedRank, "fit", recorded)
    run_sweep(checkpointed, objects)
    assert again[0] == (stop_at, range(13, 20))
    assert list(objects.names("partial")) == [], "they go once the generation is there"
    assert not [name for name in objects.names("attempts") if "/partial/" in name]
    first, second = (results(checkpointed, store) for store in (whole, objects))
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_a_generation_that_was_stopped_while_it_was_sampled_is_not_trained_again(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes, whole = (*ONE_CELL, "loop.budget.steps=30"), Objects.open(str(tmp_path / "whole"))
    run_sweep(make_sweep(digits_text, *changes), whole)
    checkpointed = make_sweep(digits_text, *changes, "resources.checkpoint_minutes=0.0000001")
    objects = Objects.open(str(tmp_path / "stopped"))
    fit, sample, fitted = TrainedRank.fit, TrainedRank.sample, []

    def stopping(self: TrainedRank, generation: int, *rest: Any) -> Any:
        if generation == 1:
            raise Stopped
        return sample(self, generation, *rest)

    def recorded(self: TrainedRank, generation: int, *rest: Any) -> Any:
        fitted.append(generation)
        return fit(self, generation, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(TrainedRank, "sample", stopping)
        with pytest.raises(Stopped):
            run_sweep(checkpointed, objects)
    assert [name.rsplit("/", 1)[1] for name in objects.names("partial")] == ["1-30"]
    monkeypatch.setattr(TrainedRank, "fit", recorded)
    run_sweep(checkpointed, objects)
    assert set(fitted) == {2}
    assert list(objects.names("partial")) == []
    first, second = (results(checkpointed, store) for store in (whole, objects))
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_short_generations_write_no_checkpoint(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[str] = []
    monkeypatch.setattr(CheckpointedCrew, "_save", lambda self, *rest: saved.append(self.address))
    run_sweep(make_sweep(digits_text, *ONE_CELL, "loop.budget.steps=120"), Objects.open(str(tmp_path)))
    assert saved == []


def test_checkpoints_that_another_process_removes_meanwhile_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = Objects.open(str(tmp_path))
    crew = CheckpointedCrew(cast(Any, None), objects, "key", (0,), 1.0)
    assert Attempt.start(objects, "partial/key/0/1").publish("partial/key/0/1-7", {})
    monkeypatch.setattr(CheckpointedCrew, "_saved_steps", lambda self, generation: [5, 7])
    crew.delete_checkpoints(1)
    assert list(objects.names("partial")) == []


def test_a_generation_that_was_stopped_is_no_result(make_sweep: MakeSweep, digits_text: str, tmp_path: Path) -> None:
    sweep = make_sweep(digits_text, *ONE_CELL)
    objects = Objects.open(str(tmp_path))
    objects.put(f"partial/{resolve(sweep).cells[0].keys.lineage}/0/1-13", b"{}")
    assert load_table(resolve(sweep), objects).empty
