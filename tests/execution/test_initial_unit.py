"""Initial units: snapshots of one training run, and the rows drawn from each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from raysc.execution import initial_unit
from raysc.execution.in_process import context_in_process
from raysc.execution.measurer import Measurer
from raysc.execution.ranks import TrainedRank
from raysc.models.family import TrainedFamily
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.planning.units import InitialUnit
from raysc.store.objects import Objects
from raysc.store.spans import published_spans
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]


def run(sweep: Sweep, objects: Objects) -> InitialUnit:
    (unit,) = make_plan(resolve(sweep), objects).initial
    crew = TrainedRank(cast(TrainedFamily, unit.cell.family), unit.seeds, unit.cell.data.event)
    initial_unit.run(unit, context_in_process(sweep, objects, unit), crew)
    crew.close()
    return unit


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[range]:
    """The steps of every fit."""
    fit, trained = TrainedRank.fit, []

    def recorded(self: TrainedRank, t: int, rows: Any, start: Any, steps: range, *rest: Any) -> Any:
        trained.append(steps)
        return fit(self, t, rows, start, steps, *rest)

    monkeypatch.setattr(TrainedRank, "fit", recorded)
    return trained


def test_qualities_are_snapshots_of_one_run(
    make_sweep: MakeSweep, digits_text: str, tmp_path: Path, steps: list[range]
) -> None:
    sweep = make_sweep(digits_text, "seeds=1")
    objects = Objects.open(str(tmp_path))
    unit = run(sweep, objects)
    assert [snapshot.steps for snapshot in unit.snapshots] == [2, 4]
    assert steps == [range(2), range(2, 4)]
    published = published_spans(objects)
    for snapshot in unit.snapshots:
        assert {snapshot.model, *snapshot.rows} <= set(published)
    assert make_plan(resolve(sweep), objects).initial == ()


def test_a_published_snapshot_is_not_trained_again(
    make_sweep: MakeSweep, digits_text: str, tmp_path: Path, steps: list[range]
) -> None:
    objects = Objects.open(str(tmp_path))
    run(make_sweep(digits_text, "seeds=1", "space.initial.steps=2"), objects)
    unit = run(make_sweep(digits_text, "seeds=1"), objects)
    assert unit.reason == "new"
    assert steps == [range(2), range(2, 4)]


def test_a_metric_that_fails_does_not_lose_the_rows(
    make_sweep: MakeSweep, digits_text: str, tmp_path: Path, steps: list[range], monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = make_sweep(digits_text, "seeds=1", "space.initial.steps=2")
    objects = Objects.open(str(tmp_path))

    def fail(self: Measurer, *arguments: Any) -> Any:
        raise ValueError("a metric divides by zero")

    with monkeypatch.context() as failing:
        failing.setattr(Measurer, "measure", fail)
        with pytest.raises(ValueError, match="divides by zero"):
            run(sweep, objects)
    assert run(sweep, objects).reason == "metric only"
    assert steps == [range(2)]


def test_generation_0_that_diverged_publishes_that_nothing_follows(
    make_sweep: MakeSweep, digits_text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = TrainedRank.fit

    def diverge(self: TrainedRank, *arguments: Any) -> Any:
        fitted = fit(self, *arguments)
        return type(fitted)(np.ones(len(self.seeds), bool), fitted.loss)

    monkeypatch.setattr(TrainedRank, "fit", diverge)
    sweep = make_sweep(digits_text, "seeds=1", "space.initial.steps=2")
    objects = Objects.open(str(tmp_path))
    unit = run(sweep, objects)
    (spans,) = published_spans(objects)[unit.snapshots[0].model].values()
    assert [span.name.rsplit("/", 1)[1] for span in spans] == ["0-end"]
