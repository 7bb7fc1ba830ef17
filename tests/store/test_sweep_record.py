import json
from typing import Any

import pytest

from raysc.settings import Keep
from raysc.store.keys import key_of
from raysc.store.objects import Objects
from raysc.store.publishing import DamagedObjectError
from raysc.store.sweep_record import (
    KEEP_EVERYTHING,
    most_generous,
    read_sweep_records,
    retention_by_key,
    write_sweep_record,
)

FRUGAL = {"models": "last", "training_state": "none", "rows": "needed"}


def test_a_record_is_read_as_it_was_written(memory: Objects) -> None:
    resolved: dict[str, Any] = {"data": "gaussian", "keep": FRUGAL}
    write_sweep_record(memory, "grid", resolved, ["b", "a", "a"])
    (record,) = read_sweep_records(memory)
    assert (record.name, record.resolved, record.keys) == ("grid", resolved, frozenset({"a", "b"}))
    assert record.keep == Keep(models="last", training_state="none", rows="needed")
    (name,) = memory.names()
    assert name.startswith("sweeps/grid/asked/")


def test_a_sweep_without_keep_has_the_default_rule(memory: Objects) -> None:
    write_sweep_record(memory, "grid", {"data": "gaussian"}, [])
    (record,) = read_sweep_records(memory)
    assert record.keep == Keep()


def test_the_same_sweep_has_one_record_and_a_changed_one_two(memory: Objects) -> None:
    write_sweep_record(memory, "grid", {"seeds": 2}, ["a", "b"])
    write_sweep_record(memory, "grid", {"seeds": 2}, ["b", "a"])
    assert len(list(read_sweep_records(memory))) == 1
    write_sweep_record(memory, "grid", {"seeds": 3}, ["a", "b"])
    write_sweep_record(memory, "other", {"seeds": 2}, ["a", "b"])
    assert sorted(record.name for record in read_sweep_records(memory)) == ["grid", "grid", "other"]


def test_other_files_of_a_sweep_are_no_records(memory: Objects) -> None:
    memory.put("sweeps/grid/sweep.yaml", b"name: grid")
    assert list(read_sweep_records(memory)) == []


def test_records_that_are_deleted_while_they_are_read_are_skipped(memory: Objects) -> None:
    for name in ("grid", "other"):
        write_sweep_record(memory, name, {}, [])
    records = read_sweep_records(memory)
    next(records)
    memory.delete(list(memory.names("sweeps")))
    assert list(records) == []


def test_a_key_of_several_sweeps_has_the_most_generous_rule(memory: Objects) -> None:
    write_sweep_record(memory, "frugal", {"keep": FRUGAL}, ["a", "b"])
    write_sweep_record(memory, "rows", {"keep": {**FRUGAL, "rows": "all"}}, ["b", "c"])
    write_sweep_record(memory, "models", {"keep": {**FRUGAL, "models": "all"}}, ["b"])
    rules = retention_by_key(memory)
    assert rules == {
        "a": Keep(models="last", training_state="none", rows="needed"),
        "b": Keep(models="all", training_state="none", rows="all"),
        "c": Keep(models="last", training_state="none", rows="all"),
    }


@pytest.mark.parametrize(("field", "generous"), [("models", "all"), ("training_state", "last"), ("rows", "all")])
def test_the_most_generous_rule_keeps_what_one_of_two_keeps(field: str, generous: str) -> None:
    frugal = Keep.model_validate(FRUGAL)
    other = Keep.model_validate({**FRUGAL, field: generous})
    assert most_generous(frugal, other) == most_generous(other, frugal) == other
    assert most_generous(frugal, frugal) == frugal


@pytest.mark.parametrize(
    "data",
    [
        b'{"name": "grid", "sweep": {"seeds": 3}, "keys": ["a"]}',
        b'{"name": "grid", "sweep": {"seeds": 2}, "keys": []}',
        b'{"name": "grid", "sweep"',
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"name": NaN}',
    ],
)
def test_a_changed_record_is_damaged_and_then_every_key_keeps_everything(memory: Objects, data: bytes) -> None:
    write_sweep_record(memory, "grid", {"seeds": 2}, ["a"])
    (name,) = memory.names()
    memory.put(name, data)
    with pytest.raises(DamagedObjectError, match="was changed or cut off"):
        list(read_sweep_records(memory))
    write_sweep_record(memory, "frugal", {"keep": FRUGAL}, ["b"])
    damages: list[DamagedObjectError] = []
    assert [record.name for record in read_sweep_records(memory, damages)] == ["frugal"]
    assert [damage.name for damage in damages] == [name]
    assert retention_by_key(memory) == {"b": KEEP_EVERYTHING}
    write_sweep_record(memory, "grid", {"seeds": 2}, ["a"])
    assert len(list(read_sweep_records(memory))) == 2, "the next run of the sweep writes it again"


@pytest.mark.parametrize(
    "values",
    [
        [1],
        {"name": "grid", "sweep": {}},
        {"name": 1, "sweep": {}, "keys": []},
        {"name": "grid", "sweep": 3, "keys": []},
        {"name": "grid", "sweep": {}, "keys": [1]},
        {"name": "grid", "sweep": {"keep": {"rows": "a third value"}}, "keys": []},
    ],
)
def test_a_record_of_other_types_is_damaged(memory: Objects, values: Any) -> None:
    memory.put(f"sweeps/grid/asked/{key_of(values)}.json", json.dumps(values).encode())
    with pytest.raises(DamagedObjectError, match="was changed or cut off") as caught:
        list(read_sweep_records(memory))
    assert str(caught.value).isprintable()


def test_a_record_with_numbers_as_keys_of_mappings_is_read(memory: Objects) -> None:
    write_sweep_record(memory, "grid", {"weights": {10: 1.0, 9: 2.0}}, ["a"])
    (record,) = read_sweep_records(memory)
    assert record.resolved == {"weights": {"10": 1.0, "9": 2.0}}
