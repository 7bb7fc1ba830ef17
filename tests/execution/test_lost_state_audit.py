"""Training continues only from a state that is there; published generations are trained again only on request."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from raysc.errors import RayscError
from raysc.execution import history as history_module
from raysc.execution import initial_unit, trained_unit
from raysc.execution.in_process import context_in_process
from raysc.execution.lost_state_audit import find_lost_states, set_aside
from raysc.execution.ranks import TrainedRank
from raysc.models.family import TRAINING_STATE_PREFIX, TrainedFamily
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.planning.units import InitialUnit
from raysc.store.inventory import verify_entries
from raysc.store.objects import Objects
from raysc.store.parquet_rows import ParquetBlockStore
from raysc.store.publishing import DamagedObjectError, DamagedStateError
from raysc.store.retention import dropped_generations
from raysc.store.spans import published_spans
from raysc.store.trash import move_damaged_to_trash
from raysc.sweepfile import Sweep
from tests.command_line import results

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]

ONE = ("seeds=1", "space.regime=mix", "space.initial.steps=4", "control=false", "train.ema={half_life: 2}")


@pytest.fixture
def sweep_of(make_sweep: MakeSweep, digits_text: str) -> Callable[..., Sweep]:
    def make(generations: int, *overrides: str) -> Sweep:
        return make_sweep(digits_text, *ONE, f"loop.generations={generations}", *overrides)

    return make


def states(objects: Objects, part: str) -> list[str]:
    return [name for name in objects.names("attempts") if part in name and f"/{TRAINING_STATE_PREFIX}" in name]


def flip_byte(objects: Objects, name: str) -> None:
    data = bytearray(objects.get(name))
    data[-1] ^= 1
    objects.put(name, bytes(data))


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The generations that are fitted, in order."""
    fitted: list[int] = []
    fit = TrainedRank.fit

    def recorded(self: TrainedRank, generation: int, *rest: Any) -> Any:
        fitted.append(generation)
        return fit(self, generation, *rest)

    monkeypatch.setattr(TrainedRank, "fit", recorded)
    return fitted


def run_as_trials(sweep: Sweep, objects: Objects) -> None:
    """Run the units of one plan as trials do: what is damaged is set aside, and the same unit starts again."""
    for unit in make_plan(resolve(sweep), objects).units:
        for _ in range(5):
            crew = TrainedRank(cast(TrainedFamily, unit.cell.family), unit.seeds, unit.cell.data.event)
            context = context_in_process(
                sweep, objects, unit, lambda attempt: ParquetBlockStore(attempt.objects, attempt.prefix)
            )
            try:
                if isinstance(unit, InitialUnit):
                    initial_unit.run(unit, context, crew)
                else:
                    trained_unit.run(unit, context, crew)
                break
            except DamagedObjectError as damage:
                move_damaged_to_trash(objects, damage)


def test_a_lost_training_state_of_generation_0_is_made_again(
    sweep_of: Callable[..., Sweep], run_sweep: RunSweep, tmp_path: Path
) -> None:
    sweep, whole, objects = sweep_of(2), Objects.open(str(tmp_path / "whole")), Objects.open(str(tmp_path / "lost"))
    run_sweep(sweep, whole)
    run_sweep(sweep, objects)
    for lineage in {cell.keys.lineage for cell in resolve(sweep).cells}:
        objects.delete(list(objects.names(f"spans/{lineage}")))
    lost = states(objects, "/0-0/")
    assert lost
    objects.delete(lost)
    with pytest.raises(DamagedStateError, match=r"training_state.* is missing"):
        run_sweep(sweep, objects)
    run_as_trials(sweep, objects)
    run_sweep(sweep, objects)
    pd.testing.assert_frame_equal(results(sweep, objects), results(sweep, whole), check_exact=True)
    digests = [
        {
            file: entry.sha256
            for packs in published_spans(store).values()
            for spans in packs.values()
            for span in spans
            for file, entry in span.read_manifest(store).files.items()
            if file.startswith("model/")
        }
        for store in (whole, objects)
    ]
    assert digests[0] == digests[1]


def test_a_snapshot_without_its_training_state_is_not_trained_further(
    make_sweep: MakeSweep, digits_text: str, run_sweep: RunSweep, tmp_path: Path
) -> None:
    objects = Objects.open(str(tmp_path))
    short = make_sweep(digits_text, *ONE, "space.initial.steps=2")
    run_sweep(short, objects)
    objects.delete(states(objects, "/0-0/"))
    both = make_sweep(digits_text, *ONE, "space.initial.steps=[2, 4]")
    assert any(isinstance(unit, InitialUnit) for unit in make_plan(resolve(both), objects).units)
    with pytest.raises(DamagedStateError):
        run_sweep(both, objects)


@pytest.mark.parametrize("found_by", ["run", "verify"])
def test_a_flipped_byte_in_the_last_training_state_is_not_trained_again_without_asking(
    found_by: str, sweep_of: Callable[..., Sweep], run_sweep: RunSweep, tmp_path: Path, fits: list[int]
) -> None:
    objects, whole = Objects.open(str(tmp_path / "store")), Objects.open(str(tmp_path / "whole"))
    sweep, longer = sweep_of(3), sweep_of(4)
    run_sweep(longer, whole)
    run_sweep(sweep, objects)
    before = results(sweep, objects)
    lineage = resolve(sweep).cells[0].keys.lineage
    (state, *_) = [name for name in states(objects, "/3-3/") if name.endswith(".safetensors")]
    flip_byte(objects, state)
    fits.clear()
    if found_by == "verify":
        (damage,) = [each for each in verify_entries({lineage: [0]}, objects) if each is not None]
        move_damaged_to_trash(objects, damage)
    else:
        with pytest.raises(RayscError, match=r"generations 1 to 3 would have to be trained again.*--remake"):
            run_as_trials(longer, objects)
    assert fits == []
    assert dropped_generations(objects, lineage, (0,)) == {"training_state": 3}
    pd.testing.assert_frame_equal(results(sweep, objects), before, check_exact=True)
    assert [each for each in verify_entries({lineage: [0]}, objects) if each is not None] == []
    (unit,) = make_plan(resolve(longer), objects).loop
    assert (unit.reason, unit.refits) == ("states not kept", 3), "the plan asks for --remake"
    run_sweep(longer, objects)
    pd.testing.assert_frame_equal(results(longer, objects), results(longer, whole), check_exact=True)


def test_a_late_listing_does_not_train_a_published_generation_again(
    sweep_of: Callable[..., Sweep], run_sweep: RunSweep, tmp_path: Path, fits: list[int], monkeypatch: Any
) -> None:
    objects, sweep, longer = Objects.open(str(tmp_path)), sweep_of(2), sweep_of(3)
    run_sweep(sweep, objects)
    monkeypatch.setattr(history_module, "LISTING_SECONDS", 0.0)
    monkeypatch.setattr("raysc.execution.trained_lineage.LISTING_SECONDS", 0.0)
    names, late = Objects.names, [1, 1, 1]

    def lagging(self: Objects, prefix: str = "") -> Any:
        lags = prefix.startswith("spans/") and bool(late) and bool(late.pop())
        return (name for name in names(self, prefix) if not (lags and name.endswith("/2-2")))

    monkeypatch.setattr(Objects, "names", lagging)
    fits.clear()
    run_sweep(longer, objects)
    assert late == []
    assert fits == [3]


def test_damage_that_a_second_look_explains_is_none(
    sweep_of: Callable[..., Sweep], run_sweep: RunSweep, tmp_path: Path, fits: list[int], monkeypatch: Any
) -> None:
    """Another process publishes generation 3 and drops the state of 2, just as this one loads it."""
    objects, other, sweep = Objects.open(str(tmp_path / "a")), Objects.open(str(tmp_path / "b")), sweep_of(3)
    run_sweep(sweep_of(2), objects)
    run_sweep(sweep, other)
    load = TrainedRank.load

    def overtaken(self: TrainedRank, manifest: Any, training_state: bool) -> None:
        if manifest.name.endswith("/2-2") and training_state:
            for name in other.names():
                if "/3-3" in name:
                    objects.put(name, other.get(name))
            objects.delete(states(objects, "/2-2/"))
        load(self, manifest, training_state)

    monkeypatch.setattr(TrainedRank, "load", overtaken)
    fits.clear()
    run_sweep(sweep, objects)
    assert fits == []
    assert list(objects.names("trash")) == []
    pd.testing.assert_frame_equal(results(sweep, objects), results(sweep, other), check_exact=True)


def test_models_are_measured_without_their_training_state(
    sweep_of: Callable[..., Sweep], run_sweep: RunSweep, tmp_path: Path
) -> None:
    objects, sweep = Objects.open(str(tmp_path)), sweep_of(1)
    run_sweep(sweep, objects)
    cell = resolve(sweep).cells[0]
    (span,) = published_spans(objects)[cell.keys.lineage][(0,)]
    manifest = span.read_manifest(objects)
    crew = TrainedRank(cast(TrainedFamily, cell.family), (0,), cell.data.event)
    crew.load(manifest, training_state=True)
    ema = crew.model[1].ema
    objects.delete(states(objects, "/1-1/"))
    crew.load(manifest, training_state=False)
    assert all(np.array_equal(ema[name], tensor) for name, tensor in crew.model[1].ema.items())
    with pytest.raises(DamagedStateError):
        crew.load(manifest, training_state=True)


@pytest.mark.parametrize("lost_at", [0, 2])
def test_generations_that_were_trained_from_a_lost_state_are_set_aside(
    lost_at: int, sweep_of: Callable[..., Sweep], run_sweep: RunSweep, tmp_path: Path, monkeypatch: Any
) -> None:
    """Averaged weights served as raw ones from then on: every later generation was wrong, and no checksum."""
    objects, whole, sweep = Objects.open(str(tmp_path / "a")), Objects.open(str(tmp_path / "b")), sweep_of(3)
    run_sweep(sweep, whole)
    assert list(find_lost_states(resolve(sweep), whole)) == []
    load = TrainedRank.load

    def lost(self: TrainedRank, manifest: Any, training_state: bool) -> None:
        is_lost = manifest.name.endswith(f"/{lost_at}-{lost_at}")
        load(self, manifest, training_state=training_state and not is_lost)

    with monkeypatch.context() as patch:
        patch.setattr(TrainedRank, "load", lost)
        for generations in (max(1, lost_at), 3):  # the process that goes on is another one
            run_sweep(sweep_of(generations), objects)
    resolved = resolve(sweep)
    assert [each for each in verify_entries(resolved.stored_seeds, objects) if each is not None] == []
    assert not results(sweep, objects).equals(results(sweep, whole))
    (state,) = find_lost_states(resolved, objects)
    assert (state.first, state.expected - state.taken) == (lost_at + 1, 4 + 3 * lost_at)
    set_aside(objects, state)
    lineage = resolved.cells[0].keys.lineage
    kept = published_spans(objects, lineage).get(lineage, {}).get((0,), ())
    assert [span.first for span in kept] == list(range(1, lost_at + 1))
    run_sweep(sweep, objects)
    assert list(find_lost_states(resolved, objects)) == []
    pd.testing.assert_frame_equal(results(sweep, objects), results(sweep, whole), check_exact=True)
