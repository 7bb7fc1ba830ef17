from typing import Any

import pytest

from raysc.settings import Keep
from raysc.store.objects import Objects
from raysc.store.sweep_record import most_generous, read_sweep_records, retention_by_key, write_sweep_record

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
