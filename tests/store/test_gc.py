"""Garbage collection on stores of real sweeps: garbage that is found, and objects that stay."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import combinations_with_replacement, count
from pathlib import Path

import pandas as pd
import pytest

from raysc.errors import InputError
from raysc.planning.plan import make_plan
from raysc.planning.resolved import resolve
from raysc.planning.retention_rules import retention_rules
from raysc.store.artifacts import REFERENCE, read_artifact, write_artifact
from raysc.store.gc import Garbage, collect_garbage, delete_garbage, find_garbage
from raysc.store.inventory import verify_entries
from raysc.store.leases import GC_SWEEP, GC_UNIT, Lease, LeaseWatch, held_units, holders
from raysc.store.objects import ObjectInfo, Objects
from raysc.store.publishing import Attempt
from raysc.store.retention import RetentionRule
from raysc.store.spans import pack_name, published_spans
from raysc.store.sweep_record import write_sweep_record
from raysc.store.trash import TrashReasons, move_to_trash
from raysc.sweepfile import Sweep
from tests.command_line import results
from tests.fuzzing.storage import MemoryStorage, open_copy

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
    before = results(sweep, objects)
    delete_garbage(garbage, objects)
    assert find(objects) == []
    pd.testing.assert_frame_equal(results(sweep, objects), before)


@pytest.mark.parametrize("moments", list(combinations_with_replacement(range(6), 4)))
def test_a_unit_beside_the_search_loses_no_file_whatever_its_age(
    moments: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unit acquires its lease, puts a file, publishes and ends, each before some request of the search."""
    objects, key = open_copy(None)[0], "0" * 32
    write_sweep_record(objects, "mine", {}, [key])
    lease = Lease.acquire(objects, f"loop/{key}/0", "mine")
    (name,) = objects.names("leases")
    holder = objects.get(name)
    objects.delete([name])
    attempt = Attempt.start(objects, f"{key}/0/0-3")
    steps: list[Callable[[], object]] = [
        partial(objects.put, name, holder),
        partial(attempt.put, "records.parquet", b"rows"),
        partial(attempt.publish, f"spans/{key}/0/0-3", {}),
        partial(objects.delete, [name]),
    ]
    list_objects, requests = MemoryStorage.list, count()

    def list_beside_the_unit(storage: MemoryStorage, prefix: str) -> Iterator[ObjectInfo]:
        request = next(requests)
        while steps and moments[-len(steps)] <= request:
            steps.pop(0)()
        return list_objects(storage, prefix)

    monkeypatch.setattr(MemoryStorage, "list", list_beside_the_unit)
    assert lease is not None
    assert find_garbage(objects, TOMORROW, lambda records: {}) == []
    assert not steps


def test_lineages_that_only_a_deleted_sweep_named_are_garbage(
    store: Store, make_sweep: MakeSweep, run_sweep: RunSweep, digits_text: str
) -> None:
    sweep, objects = store
    other = make_sweep(digits_text.replace("small-digits", "other"), "space.lambda=[0.5, 1.0]")
    record(other, objects)
    run_sweep(other, objects)
    before = results(sweep, objects)
    lineages, shared = ({cell.keys.lineage for cell in resolve(each).cells} for each in (other, sweep))
    new = lineages - shared
    assert find(objects) == []
    assert objects.folder is not None
    shutil.rmtree(objects.folder / "sweeps/other")
    (garbage,) = find(objects)
    assert f"{len(new)} lineages" in garbage.reason
    assert garbage.objects[0].name.startswith("spans/"), "manifests go before their files"
    delete_garbage(garbage, objects)
    pd.testing.assert_frame_equal(results(sweep, objects), before)
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
    before = results(frugal, objects)
    freed = {info.name.split("/", 5)[-1].split("/")[0] for garbage in find(objects) for info in garbage.objects}
    assert freed == {"model", "rows"}
    clear(objects)
    assert find(objects) == []
    pd.testing.assert_frame_equal(results(frugal, objects), before, check_exact=True)
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


def test_rows_on_top_of_a_published_generation_are_needed_until_the_next_one_is_published(
    store: Store, make_sweep: MakeSweep, digits_text: str
) -> None:
    sweep, objects = store
    key, last = resolve(sweep).cells[0].keys.lineage, sweep.generations
    pieces = [f"partial/{key}/0/{t}-rows-256" for t in range(last - 1, last + 1)]
    for piece in pieces:
        assert Attempt.start(objects, piece.partition("-")[0]).publish(piece, {})
    (garbage,) = find(objects)
    assert {info.name for info in garbage.objects} == set(pieces), "no sweep trains on rows after the last generation"
    record(make_sweep(digits_text, f"loop.generations={last + 1}", "name=longer"), objects)
    (garbage,) = find(objects)
    assert [info.name for info in garbage.objects] == pieces[:1]


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


def test_a_folder_without_a_recorded_sweep_is_refused_and_nothing_goes(tmp_path: Path) -> None:
    objects = Objects.open(str(tmp_path))
    for name in ("trash/chapter3-old.tex", "attempts/notes.md", "leases/contract.txt"):
        objects.put(name, b"weeks of work")
    for collect in (find_garbage, lambda *rest: list(collect_garbage(*rest))):
        with pytest.raises(InputError, match="no sweep is recorded there"):
            collect(objects, TOMORROW, lambda records: {})
    assert len(list(objects.names())) == 3


FOREIGN = (
    "trash/chapter3-old.tex",
    "trash/2024/why.json",
    "attempts/notes.md",
    "attempts/k/0/1-1/notes.md",
    "attempts/k/123456789012/1-1/notes.md",
    "leases/loop/k/0/Thumbs.db",
    "leases/loop/k/0/1 (conflicted copy)",
    "leases/desktop.ini",
    "dropped/desktop.ini",
    "dropped/k/0/training_state-3 (conflicted copy)",
    "spans/desktop.ini",
    "spans/k/-/0-0",
    "spans/k/0/1-1 (conflicted copy)",
    "partial/desktop.ini",
    "partial/k/0/1-2~",
    "metrics/desktop.ini",
    "metrics/m/k/0/1-1-ab.parquet.tmp",
    "sweeps/one/asked/desktop.ini",
    "artifacts/k/desktop.ini",
    "probes/desktop.ini",
    "notes#1",
    "attempts/notes.md#1",
)


def test_files_of_other_programs_are_skipped_everywhere(store: Store) -> None:
    sweep, objects = store
    assert objects.folder is not None
    before = results(sweep, objects)
    for name in FOREIGN:
        path = objects.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert find(objects) == []
    assert make_plan(resolve(sweep), objects).units == ()
    keys = resolve(sweep).keys
    assert [damage for damage in verify_entries(dict.fromkeys(keys, sweep.seeds), objects) if damage] == []
    assert TrashReasons(objects).new() == []
    pd.testing.assert_frame_equal(results(sweep, objects), before)
    clear(objects)
    assert all((objects.folder / name).exists() for name in FOREIGN)


def test_a_sweep_that_starts_while_gc_deletes_waits_and_its_lineages_stay(store: Store) -> None:
    _, objects = store
    leases: list[object] = []

    def rules(records: object) -> dict[str, RetentionRule]:
        held = held_units(["loop/any/0"], LeaseWatch(objects).holders())
        assert held["loop/any/0"].sweep == GC_SWEEP
        leases.extend(held.values())
        return {}

    assert list(collect_garbage(objects, TOMORROW, rules)) == []
    assert len(leases) == 1
    assert holders(objects) == {}
    lease = Lease.acquire(objects, GC_UNIT, GC_SWEEP)
    assert lease is not None
    with lease, pytest.raises(InputError, match="another raysc gc"):
        list(collect_garbage(objects, TOMORROW, rules))


def test_gc_reads_the_records_of_sweeps_while_it_holds_its_lease(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep, objects = store
    assert objects.folder is not None
    shutil.rmtree(objects.folder / "sweeps")
    write_sweep_record(objects, "other", {}, [])
    acquire = Lease.acquire

    def acquired(store: Objects, unit: str, name: str) -> Lease | None:
        lease = acquire(store, unit, name)
        record(sweep, store)  # a sweep takes up what no sweep named
        return lease

    monkeypatch.setattr(Lease, "acquire", acquired)
    assert list(collect_garbage(objects, TOMORROW, lambda records: {})) == []
    assert make_plan(resolve(sweep), objects).units == ()


def test_attempts_of_generation_0_stay_while_a_process_trains_it(store: Store) -> None:
    sweep, objects = store
    keys = resolve(sweep).cells[0].keys.generation_zero
    assert keys is not None
    for key in (keys.model, keys.rows):
        Attempt.start(objects, f"{key}/0/0-0").put("model/weights", b"half")
    lease = Lease.acquire(objects, f"initial/{keys.run}/0", "other")
    assert lease is not None
    with lease:
        assert find(objects) == []
    (garbage,) = find(objects)
    assert len(garbage.objects) == 2


def test_checkpoints_of_published_generations_are_garbage(store: Store) -> None:
    sweep, objects = store
    cell = resolve(sweep).cells[0]
    keys = cell.keys.generation_zero
    assert keys is not None
    seeds = pack_name(next(iter(published_spans(objects)[cell.keys.lineage])))
    for name, values in (
        (f"{cell.keys.lineage}/{seeds}/1-2", {}),
        (f"{cell.keys.lineage}/{seeds}/9-2", {}),
        (f"{keys.run}/{seeds}/0-2", {"model": keys.model}),
        (f"{keys.run}/{seeds}/0-3", {"model": "another snapshot"}),
    ):
        assert Attempt.start(objects, f"partial/{name.rpartition('-')[0]}").publish(f"partial/{name}", values)
    (garbage,) = find(objects)
    expected = {f"partial/{cell.keys.lineage}/{seeds}/1-2", f"partial/{keys.run}/{seeds}/0-2"}
    assert {info.name for info in garbage.objects} == expected


def test_leases_probes_and_half_written_files_of_dead_processes_are_garbage(store: Store) -> None:
    _, objects = store
    assert objects.folder is not None
    unfinished = objects.folder / "attempts/key/0/1-1/0123456789ab/model/weights#1"
    unfinished.parent.mkdir(parents=True)
    unfinished.write_bytes(b"half")
    objects.put("leases/loop/key/0/3", b"")
    objects.put(f"probes/{'a' * 32}", b"raysc")
    assert find(objects, datetime.now(UTC)) == []
    assert sum(garbage.count for garbage in find(objects)) == 3
    clear(objects)
    assert not unfinished.exists()
    assert find(objects) == []


def test_metrics_and_tombstones_go_with_a_lineage_whose_manifests_were_set_aside(store: Store) -> None:
    _, objects = store
    objects.put("metrics/m/gone/0/1-1-ab12.parquet", b"")
    objects.put("dropped/gone/0/models-3", b"")
    assert find(objects, datetime.now(UTC)) == [], "younger than a day"
    (garbage,) = find(objects)
    assert {info.name.split("/")[0] for info in garbage.objects} == {"metrics", "dropped"}


def test_manifests_are_deleted_in_a_request_before_that_of_their_files(
    memory: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[list[str]] = []
    monkeypatch.setattr(Objects, "delete", lambda self, names: requests.append(list(names)))
    files = [ObjectInfo(name, 1, TOMORROW) for name in ("attempts/a", "spans/s", "attempts/b", "metrics/m")]
    delete_garbage(Garbage("a reason", tuple(files)), memory)
    assert requests == [["spans/s", "metrics/m"], ["attempts/a", "attempts/b"]]


def test_a_damaged_record_protects_everything_that_a_sweep_may_need(store: Store) -> None:
    _, objects = store
    for name in [name for name in objects.names("sweeps") if "/asked/" in name]:
        objects.put(name, objects.get(name)[:-9])
    write_sweep_record(objects, "other", {}, [])
    write_artifact(objects, f"{REFERENCE}unnamed", {"features.safetensors": b"1"})
    assert Attempt.start(objects, "partial/unnamed/0/0").publish("partial/unnamed/0/0-50", {})
    objects.put("trash/20260101T000000-0123abcd/why.json", b"")
    messages: list[str] = []
    groups = list(collect_garbage(objects, TOMORROW, lambda records: pytest.fail("no rule is read"), messages.append))
    assert [info.name for garbage in groups for info in garbage.objects] == ["trash/20260101T000000-0123abcd/why.json"]
    (message,) = messages
    assert "was changed or cut off" in message
    assert "run the sweep of that record again" in message


def test_a_store_whose_only_record_is_damaged_is_a_store(store: Store) -> None:
    _, objects = store
    for name in objects.names("sweeps"):
        objects.put(name, b"")
    assert find_garbage(objects, TOMORROW, lambda records: {}) == []
