"""What raysc gc finds, removes and leaves alone."""

import json
import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from raysc.cli import app
from raysc.planning.plan import make_plan
from raysc.planning.resolved import REFERENCE, addresses, lines, reference_keys
from raysc.results.table.table import load_table
from raysc.store.artifacts import read_artifact, write_artifact
from raysc.store.gc import Garbage, find_garbage, remove
from raysc.store.leases import Lease
from raysc.store.objects import Objects
from raysc.store.publishing import Attempt
from raysc.store.sweep_record import read_asked, write_asked
from raysc.store.trash import set_aside
from raysc.sweepfile import Sweep

MakeSweep = Callable[..., Sweep]
RunSweep = Callable[[Sweep, Objects], None]
Store = tuple[Sweep, Objects]

TOMORROW = datetime.now(UTC) + timedelta(days=1, hours=1)


@pytest.fixture
def store(digits_store: Store, tmp_path: Path) -> Store:
    """A finished sweep that is asked for, as the command notes it; a copy."""
    sweep, objects = digits_store
    assert objects.folder is not None
    shutil.copytree(objects.folder, tmp_path / "store")
    copy = Objects.at(str(tmp_path / "store"))
    ask(sweep, copy)
    return sweep, copy


def ask(sweep: Sweep, objects: Objects) -> None:
    write_asked(objects, sweep.name, sweep.resolved, addresses(lines(sweep)))


def find(objects: Objects, now: datetime = TOMORROW) -> list[Garbage]:
    said: list[str] = []
    found = find_garbage(objects, now, said.append)
    assert said == []
    return found


def clear(objects: Objects) -> None:
    for garbage in find(objects):
        remove(garbage, objects)


def table(sweep: Sweep, objects: Objects) -> pd.DataFrame:
    shown = load_table(sweep, objects)
    return shown.drop(columns=[name for name in shown if name.startswith("seconds_")])


def test_a_store_whose_sweeps_need_all_of_it_has_nothing_to_remove(store: Store) -> None:
    assert find(store[1]) == []


def test_lost_attempts_go_after_a_day_and_not_while_their_unit_runs(store: Store) -> None:
    sweep, objects = store
    key = lines(sweep)[0].keys.lineage
    lost = Attempt.below(objects, f"{key}/0/3-3")
    lost.put("model/weights", b"half")
    assert find(objects, datetime.now(UTC)) == [], "younger than a day"
    lease = Lease.take(objects, f"loop/{key}/0", "other")
    assert lease is not None
    with lease:
        assert find(objects) == [], "somebody runs that unit"
    (garbage,) = find(objects)
    assert [one.name for one in garbage.objects] == [f"{lost.prefix}/model/weights"]
    before = table(sweep, objects)
    remove(garbage, objects)
    assert find(objects) == []
    pd.testing.assert_frame_equal(table(sweep, objects), before)


def test_what_a_sweep_still_needs_stays_though_another_is_gone(
    store: Store, make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str
) -> None:
    sweep, objects = store
    other = make_sweep(digits_text.replace("small-digits", "other"), "space.lambda=[0.5, 1.0]")
    ask(other, objects)
    run_sweep(other, objects)
    before = table(sweep, objects)
    new = {line.keys.lineage for line in lines(other)} - {line.keys.lineage for line in lines(sweep)}
    assert find(objects) == []
    assert objects.folder is not None
    shutil.rmtree(objects.folder / "sweeps/other")
    (garbage,) = find(objects)
    assert f"{len(new)} lineages" in garbage.why
    assert garbage.objects[0].name.startswith("spans/"), "manifests go before their files"
    remove(garbage, objects)
    pd.testing.assert_frame_equal(table(sweep, objects), before)
    assert make_plan(sweep, objects).units == ()
    assert {unit.line.keys.lineage for unit in make_plan(other, objects).loop} == new
    assert not [name for name in objects.names() if any(key in name for key in new)]


def test_a_narrower_call_of_the_same_sweep_frees_nothing(store: Store, make_sweep: MakeSweep, digits_text: str) -> None:
    ask(make_sweep(digits_text, "space.regime=mix"), store[1])
    assert find(store[1]) == []


def test_the_most_generous_rule_counts(
    make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str, tmp_path: Path
) -> None:
    objects = Objects.at(str(tmp_path / "store"))
    everything = make_sweep(digits_text, "keep={rows: all}", "seeds=1")
    run_sweep(everything, objects)
    ask(everything, objects)
    frugal = make_sweep(digits_text, "keep={models: last, training_state: none}", "seeds=1", "name=frugal")
    ask(frugal, objects)
    assert find(objects) == [], "the other sweep wants all of it"
    assert objects.folder is not None
    shutil.rmtree(objects.folder / "sweeps/small-digits")
    before = table(frugal, objects)
    freed = {one.name.split("/", 5)[-1].split("/")[0] for garbage in find(objects) for one in garbage.objects}
    assert freed == {"model", "rows"}
    clear(objects)
    assert find(objects) == []
    pd.testing.assert_frame_equal(table(frugal, objects), before, check_exact=True)
    assert make_plan(frugal, objects).units == ()
    longer = make_plan(make_sweep(digits_text, "seeds=1", "loop.generations=3"), objects)
    assert {(unit.reason, unit.refits) for unit in longer.loop} == {("states not kept", 2)}


def test_features_of_real_rows_stay_as_long_as_a_sweep_names_them(store: Store, make_sweep: MakeSweep) -> None:
    sweep, objects = store
    classified = make_sweep(json.dumps({**sweep.resolved, "name": "other", "metrics": ["frechet_distance"]}))
    keys = sorted(reference_keys(classified, lines(classified)))
    assert len(keys) == 2, "train and held-out rows"
    for key in [*keys, f"{REFERENCE}nobody", "classifier-1-abc"]:
        write_artifact(objects, key, {"features.safetensors": key.encode()})
    write_asked(objects, classified.name, classified.resolved, keys)
    assert find(objects, datetime.now(UTC)) == [], "younger than a day"
    (garbage,) = find(objects)
    assert garbage.why.startswith("1 sets of features of real rows")
    assert len(garbage.objects) == 2
    remove(garbage, objects)
    assert read_artifact(objects, f"{REFERENCE}nobody") is None
    assert all(read_artifact(objects, key) for key in [*keys, "classifier-1-abc"])
    assert find(objects) == []


def test_checkpoints_of_a_sweep_that_was_let_go_leave_with_their_files(store: Store) -> None:
    sweep, objects = store
    named = lines(sweep)[0].keys.zero
    assert named is not None
    made = {key: Attempt.below(objects, f"partial/{key}/0/0") for key in (named.run, "nobody")}
    for key, attempt in made.items():
        attempt.put("model/training_state.safetensors", b"large")
        assert attempt.publish(f"partial/{key}/0/0-50", {})
    assert find(objects, datetime.now(UTC)) == [], "younger than a day"
    lease = Lease.take(objects, "initial/nobody/0", "other")
    assert lease is not None
    with lease:
        assert find(objects) == [], "somebody trains it"
    (garbage,) = find(objects)
    file = f"{made['nobody'].prefix}/model/training_state.safetensors"
    assert [one.name for one in garbage.objects] == ["partial/nobody/0/0-50", file]
    remove(garbage, objects)
    assert find(objects) == []


def test_a_sweep_that_is_let_go_while_notes_are_read_has_none(store: Store) -> None:
    sweep, objects = store
    write_asked(objects, "another", sweep.resolved, [])
    notes = read_asked(objects)
    next(notes)
    assert objects.folder is not None
    shutil.rmtree(objects.folder / "sweeps")
    assert list(notes) == []


def test_the_trash_goes_after_a_day_with_its_files(store: Store) -> None:
    sweep, objects = store
    key = lines(sweep)[0].keys.lineage
    set_aside(objects, [f"spans/{key}/0/2-2"], "for a test")
    assert find(objects, datetime.now(UTC)) == []
    clear(objects)
    assert list(objects.names("trash")) == []
    assert list(objects.names(f"attempts/{key}/0/2-2")) == []
    assert find(objects) == []


def test_a_sweep_that_cannot_be_read_here_keeps_what_it_names(store: Store) -> None:
    sweep, objects = store
    names = set(objects.names())
    resolved = {**sweep.resolved, "model": "not_here:Family", "keep": {"rows": "needed"}}
    write_asked(objects, sweep.name, resolved, addresses(lines(sweep)))
    said: list[str] = []
    assert find_garbage(objects, TOMORROW, said.append) == []
    assert len(said) == 1
    assert "not_here" in said[0]
    assert names < set(objects.names())


def test_the_command_says_and_with_yes_removes(store: Store) -> None:
    sweep, objects = store
    assert objects.folder is not None
    lost = Attempt.below(objects, "key/0/1-1")
    lost.put("model/weights", b"x" * 2500)
    long_ago = time.time() - 3 * 86400
    os.utime(objects.folder / lost.prefix / "model/weights", (long_ago, long_ago))
    told = CliRunner().invoke(app, ["gc", "--storage", str(objects.folder)]).output
    assert "2.5 kB in 1 objects: files of attempts that no manifest names" in told
    assert "raysc gc --yes removes them" in told
    assert lost.objects.exists(f"{lost.prefix}/model/weights")
    assert "2.5 kB removed" in CliRunner().invoke(app, ["gc", "--yes", "--storage", str(objects.folder)]).output
    assert "nothing to remove" in CliRunner().invoke(app, ["gc", "--storage", str(objects.folder)]).output
    assert make_plan(sweep, objects).units == ()
