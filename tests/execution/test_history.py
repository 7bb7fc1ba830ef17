"""History of a trained unit: published generations, where training restarts, and rows that are drawn again."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from raysc.errors import RayscError
from raysc.execution.history import History
from raysc.execution.in_process import context_in_process
from raysc.execution.ranks import TrainedRank
from raysc.metrics.core.metric import ModelMetric
from raysc.models.family import TRAINING_STATE_PREFIX, TrainedFamily
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.planning.units import LoopUnit
from raysc.regimes.recipe import REAL, synthetic
from raysc.store.objects import Objects
from raysc.store.publishing import DamagedObjectError
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]

ONE_CELL = ("seeds=1", "space.regime=mix", "space.initial.steps=4", "control=false", "loop.generations=3")


@pytest.fixture
def history(make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path) -> Callable[..., History]:
    """Run one cell in a fresh store, change the store, and read the history of its loop unit."""

    def read(
        *overrides: str, store: str = "store", damage: Callable[[Objects], None] = lambda objects: None
    ) -> History:
        sweep = make_sweep(digits_text, *ONE_CELL, *overrides)
        objects = Objects.open(str(tmp_path / store))
        run_sweep(sweep, objects)
        damage(objects)
        cell = resolve(sweep).cells[0]
        unit = LoopUnit(cell, (0,), 1, "new", 3)
        crew = TrainedRank(cast(TrainedFamily, cell.family), unit.seeds, cell.data.event)
        found = History.read(unit, context_in_process(sweep, objects, unit), crew)
        assert found is not None
        return found

    return read


def test_there_is_no_history_without_generation_0(make_sweep: MakeSweep, digits_text: str, tmp_path: Path) -> None:
    sweep = make_sweep(digits_text, *ONE_CELL)
    objects = Objects.open(str(tmp_path))
    (unit,) = make_plan(resolve(sweep), objects).loop
    crew = TrainedRank(cast(TrainedFamily, unit.cell.family), unit.seeds, unit.cell.data.event)
    assert History.read(unit, context_in_process(sweep, objects, unit), crew) is None


def test_published_generations_are_listed_with_their_metrics(history: Callable[..., History]) -> None:
    read = history()
    assert sorted(read.manifests) == [0, 1, 2, 3]
    assert not any(read.diverged(t) for t in range(4))
    assert all(read.metrics(t).missing(t) == [] for t in range(4))
    assert read.metrics_key(0) != read.metrics_key(1) == read.metrics_key(2)


def test_training_restarts_after_the_last_generation_that_has_its_training_state(
    history: Callable[..., History],
) -> None:
    read = history("keep={training_state: last}")
    assert read.restart(4) == 4, "generation 3 has its training state"
    assert read.restart(3) == 1, "those of 1 and 2 were dropped, generation 0 keeps its own"
    assert history("keep={training_state: last}", "loop.start=initial").restart(3) == 3, "it needs no previous weights"


def test_a_training_state_that_is_missing_moves_the_restart(history: Callable[..., History]) -> None:
    def lose(objects: Objects) -> None:
        states = [name for name in objects.names("attempts") if f"/model/{TRAINING_STATE_PREFIX}" in name]
        objects.delete([name for name in states if "/3-3/" in name])

    assert history(damage=lose).restart(4) == 1


def test_rows_that_are_not_stored_are_drawn_again_and_equal_the_first(history: Callable[..., History]) -> None:
    stored = history("keep={rows: all}")
    again = history("pool=object_store", store="other")
    assert again.stored(2) is None
    np.testing.assert_array_equal(again.sampled(2).load(), stored.sampled(2).load())
    sources = again.sources({REAL, synthetic(2)}, 3)
    assert set(sources) == {REAL, synthetic(2)}


def test_rows_that_differ_when_they_are_drawn_again_are_refused(
    history: Callable[..., History], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = history("pool=object_store")
    sample = TrainedRank.sample
    monkeypatch.setattr(TrainedRank, "sample", lambda self, t, *rest: sample(self, t + 1, *rest))
    with pytest.raises(RayscError, match="rows of generation 2 that were drawn again differ from the first"):
        read.sampled(2)


def test_missing_rows_of_generation_0_are_damage(history: Callable[..., History]) -> None:
    def lose(objects: Objects) -> None:
        objects.delete([name for name in objects.names("attempts") if "/0-0/" in name and name.endswith(".parquet")])

    with pytest.raises(DamagedObjectError, match="some of its rows are missing"):
        history(damage=lose).sampled(0)


def test_a_model_is_loaded_only_for_metrics_of_models(history: Callable[..., History]) -> None:
    read = history()
    metrics = read._context.measurer.metrics
    assert not any(isinstance(metric, ModelMetric) for metric in metrics.values())
    assert read.model(2, metrics) is None
