"""Every kind reads its own samples; a judge sees violations."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from raysc.errors import InputError
from tests.fuzzing import kind as kind_module
from tests.fuzzing.byte_mutations import mutate_protected
from tests.fuzzing.campaign import KINDS, load_kind
from tests.fuzzing.kind import READ, REFUSED, Kind, Sample


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_the_samples_are_read(name: str, tmp_path: Path) -> None:
    kind = load_kind(name, tmp_path)
    assert kind.name == name
    outcomes = {number: kind.judge(number, sample.data) for number, sample in enumerate(kind.samples)}
    assert {number: outcome for number, outcome in outcomes.items() if outcome != READ} == {}


def refuse(message: str) -> Callable[[bytes], object]:
    def read(data: bytes) -> object:
        raise InputError(message)

    return read


def loop(data: bytes) -> object:
    while True:
        pass


def fail(data: bytes) -> object:
    raise KeyError("lambda")


@pytest.mark.parametrize(
    ("read", "outcome"),
    [
        (len, READ),
        (refuse("file.json, line 3: no number"), REFUSED),
        (refuse(""), "refused without a message"),
        (refuse("x" * 5000), "refused in 5000 characters"),
        (refuse("two\nlines"), "refused in several lines"),
        (fail, "KeyError: 'lambda'"),
        (loop, "hang"),
    ],
)
def test_a_judge_sees_violations(
    read: Callable[[bytes], object], outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind_module, "TIME_LIMIT", 1.0)
    assert Kind("inputs", [Sample(b"data", read)]).judge(0, b"changed").startswith(outcome)


def test_another_value_of_a_protected_input_is_a_violation() -> None:
    kind = Kind("inputs", [Sample(b"data", bytes.strip)], exact=True)
    assert kind.judge(0, b"other") == "accepted with another value"
    assert kind.judge(0, b" data") == READ


def test_a_seed_gives_the_same_input_each_time() -> None:
    kind = Kind("inputs", [Sample(os.urandom(50), len)] * 3, True, mutate_protected, [b"word"])
    inputs = [kind.input(seed) for seed in range(200)]
    assert inputs == [kind.input(seed) for seed in range(200)]
    assert len(set(inputs)) > 190
