"""Garbage collection on stores of real sweeps: garbage that is found, and objects that stay."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.planning.retention_rules import retention_rules
from raysc.results.table.table import load_table
from raysc.store.artifacts import REFERENCE, read_artifact, write_artifact
from raysc.store.gc import Garbage, delete_garbage, find_garbage
from raysc.store.leases import Lease
from raysc.store.objects import Objects
from raysc.store.publishing import Attempt
from raysc.store.sweep_record import write_sweep_record
from raysc.store.trash import move_to_trash
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]
Store = tuple[Sweep, Objects]

TOMORROW = datetime.now(UTC) + timedelta(days=1, hours=1)


@pytest.fixture
def store(digits_store: Store, tmp_path: Path) -> Store:
    """A finished sweep with its record; a copy."""
    sweep, objects = digits_store
    assert objects.folder is not None
    shutil.copytree(objects.folder, tmp_path / "store")
    copy = Objects.open(str(tmp_path / "store"))
    record(sweep, copy)
    return sweep, copy


def record(sweep: Sweep, objects: Objects) -> None:
    write_sweep_record(objects, sweep.name, sweep.resolved, resolve(sweep).keys)


def find(objects: Objects, now: datetime = TOMORROW) -> list[Garbage]:
    messages: list[str] = []
    garbage = find_garbage(objects, now, partial(retention_rules, report=messages.append))
    assert messages == []
    return garbage


def clear(objects: Objects) -> None:
    for garbage in find(objects):
        delete_garbage(garbage, objects)


def table(sweep: Sweep, objects: Objects) -> pd.DataFrame:
    frame = load_table(resolve(sweep), objects)
    return frame.drop(columns=[name for name in frame.columns if name.startswith("seconds_")])


def test_a_store_without_garbage_has_none(store: Store) -> None:
    assert find(store[1]) == []


def test_files_without_a_manifest_are_garbage_after_a_day_unless_their_unit_runs(store: Store) -> None:
    sweep, objects = store
    key = resolve(sweep).cells[0].keys.lineage
    lost = Attempt.start(objects, f"{key}/0/3-3")
    lost.put("model/weights", b"half")
    assert find(objects, datetime.now(UTC)) == [], "younger than a day"
    lease = Lease.acquire(objects, f"loop/{key}/0", "other")
    assert lease is not None
    with lease:
        assert find(objects) == [], "a process runs that unit"
    (garbage,) = find(objects)
    assert [info.name for info in garbage.objects] == [f"{lost.prefix}/model/weights"]
    before = table(sweep, objects)
    delete_garbage(garbage, objects)
    assert find(objects) == []
    pd.testing.assert_frame_equal(table(sweep, objects), before)


def test_lineages_that_only_a_deleted_sweep_named_are_garbage(
    store: Store, make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str
) -> None:
    sweep, objects = store
    other = make_sweep(digits_text.replace("small-digits", "other"), "space.lambda=[0.5, 1.0]")
    record(other, objects)
    run_sweep(other, objects)
    before = table(sweep, objects)
    lineages, shared = ({cell.keys.lineage for cell in resolve(each).cells} for each in (other, sweep))
    new = lineages - shared
    assert find(objects) == []
    assert objects.folder is not None
    shutil.rmtree(objects.folder / "sweeps/other")
    (garbage,) = find(objects)
    assert f"{len(new)} lineages" in garbage.reason
    assert garbage.objects[0].name.startswith("spans/"), "manifests go before their files"
    delete_garbage(garbage, objects)
    pd.testing.assert_frame_equal(table(sweep, objects), before)
    assert make_plan(resolve(sweep), objects).units == ()
    assert {unit.cell.keys.lineage for unit in make_plan(resolve(other), objects).loop} == new
    assert not [name for name in objects.names() if any(key in name for key in new)]


def test_a_narrower_run_of_a_sweep_makes_no_garbage(store: Store, make_sweep: MakeSweep, digits_text: str) -> None:
    record(make_sweep(digits_text, "space.regime=mix"), store[1])
    assert find(store[1]) == []


def test_the_most_generous_rule_of_two_sweeps_is_applied(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path
) -> None:
    objects = Objects.open(str(tmp_path / "store"))
    everything = make_sweep(digits_text, "keep={rows: all}", "seeds=1")
    run_sweep(everything, objects)
    record(everything, objects)
    frugal = make_sweep(digits_text, "keep={models: last, training_state: none}", "seeds=1", "name=frugal")
    record(frugal, objects)
    assert find(objects) == [], "the other sweep keeps everything"
    assert objects.folder is not None
    shutil.rmtree(objects.folder / "sweeps/small-digits")
    before = table(frugal, objects)
    freed = {info.name.split("/", 5)[-1].split("/")[0] for garbage in find(objects) for info in garbage.objects}
    assert freed == {"model", "rows"}
    clear(objects)
    assert find(objects) == []
    pd.testing.assert_frame_equal(table(frugal, objects), before, check_exact=True)
    assert make_plan(resolve(frugal), objects).units == ()
    longer = make_plan(resolve(make_sweep(digits_text, "seeds=1", "loop.generations=3")), objects)
    assert {(unit.reason, unit.refits) for unit in longer.loop} == {("states not kept", 2)}


def test_features_of_real_rows_stay_while_a_sweep_names_them(store: Store, make_sweep: MakeSweep) -> None:
    sweep, objects = store
    classified = make_sweep(json.dumps({**sweep.resolved, "name": "other", "metrics": ["frechet_distance"]}))
    keys = sorted(resolve(classified).reference_keys)
    assert len(keys) == 2, "train and held-out rows"
    for key in [*keys, f"{REFERENCE}nobody", "classifier-1-abc"]:
        write_artifact(objects, key, {"features.safetensors": key.encode()})
    write_sweep_record(objects, classified.name, classified.resolved, keys)
    assert find(objects, datetime.now(UTC)) == [], "younger than a day"
    (garbage,) = find(objects)
    assert garbage.reason.startswith("1 sets of features of real rows")
    assert len(garbage.objects) == 2
    delete_garbage(garbage, objects)
    assert read_artifact(objects, f"{REFERENCE}nobody") is None
    assert all(read_artifact(objects, key) for key in [*keys, "classifier-1-abc"])
    assert find(objects) == []


def test_checkpoints_that_no_sweep_names_are_garbage_with_their_files(store: Store) -> None:
    sweep, objects = store
    keys = resolve(sweep).cells[0].keys.generation_zero
    assert keys is not None
    attempts = {key: Attempt.start(objects, f"partial/{key}/0/0") for key in (keys.run, "nobody")}
    for key, attempt in attempts.items():
        attempt.put("model/training_state.safetensors", b"large")
        assert attempt.publish(f"partial/{key}/0/0-50", {})
    assert find(objects, datetime.now(UTC)) == [], "younger than a day"
    lease = Lease.acquire(objects, "initial/nobody/0", "other")
    assert lease is not None
    with lease:
        assert find(objects) == [], "a process trains it"
    (garbage,) = find(objects)
    file = f"{attempts['nobody'].prefix}/model/training_state.safetensors"
    assert [info.name for info in garbage.objects] == ["partial/nobody/0/0-50", file]
    delete_garbage(garbage, objects)
    assert find(objects) == []


def test_the_trash_is_garbage_after_a_day_with_its_files(store: Store) -> None:
    sweep, objects = store
    key = resolve(sweep).cells[0].keys.lineage
    move_to_trash(objects, [f"spans/{key}/0/2-2"], "for a test")
    assert find(objects, datetime.now(UTC)) == []
    clear(objects)
    assert list(objects.names("trash")) == []
    assert list(objects.names(f"attempts/{key}/0/2-2")) == []
    assert find(objects) == []


def test_everything_that_an_unreadable_sweep_names_stays(store: Store) -> None:
    sweep, objects = store
    names = set(objects.names())
    resolved = {**sweep.resolved, "model": "not_here:Family", "keep": {"rows": "needed"}}
    write_sweep_record(objects, sweep.name, resolved, resolve(sweep).keys)
    messages: list[str] = []
    assert find_garbage(objects, TOMORROW, partial(retention_rules, report=messages.append)) == []
    assert len(messages) == 1
    assert "not_here" in messages[0]
    assert names < set(objects.names())
