"""Plain data from YAML."""

from typing import Any

import pytest

from raysc.errors import InputError
from raysc.sweepfile.yaml_reader import read_value


def value(text: str) -> Any:
    return read_value(text, lambda line: f"line {line}")[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2e-4", 2e-4),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("010", 10),
        ("0x10", 16),
        ("-3", -3),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("null", None),
        ("", None),
        ("'3'", "3"),
        ("2026-11-21", "2026-11-21"),
        ("12:30", "12:30"),
        ("[1, {a: b}]", [1, {"a": "b"}]),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, expected: object) -> None:
    scalar = value(text)
    assert scalar == expected
    assert type(scalar) is type(expected)


def test_every_key_has_its_line() -> None:
    _, locations = read_value("a: 1\nb:\n  c: {d: 2,\n      e: 3}\n  f:\n  - 1\n  - g: 2\n", str)
    assert locations == {
        "a": "1",
        "b": "2",
        "b.c": "3",
        "b.c.d": "3",
        "b.c.e": "4",
        "b.f": "5",
        "b.f.0": "6",
        "b.f.1": "7",
        "b.f.1.g": "7",
    }


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a: 1\nb: [1", ["line 2", "broken YAML"]),
        ("a: b: c", ["line 1", "broken YAML", "mapping values are not allowed here"]),
        ("a: 1\n\tb: 2", ["line 2", "broken YAML"]),
        ("a: 1\n---\nb: 2", ["line 2", "another document"]),
        ("a: \x00", ["broken YAML"]),
        ("a: 1\nb: 2\na: 3", ["line 3", "duplicate key 'a'", "line 1"]),
        ("a:\n  b: 1\n  b: 1", ["line 3", "duplicate key 'b'", "line 2"]),
        ("a: 1\n3: 4", ["line 2", "expected a name as key, got 3"]),
        ("a: 1\n? [b, c]\n: 4", ["line 2", "expected a name as key, got a list or a mapping"]),
        ("a: 1\nb: !!python/object/apply:os.system [ls]", ["line 2", "tags are not supported"]),
        ("a: !!int '3'", ["line 1", "tags"]),
        ("a: &x [*x]", ["line 1", "anchors"]),
        ("a: {b: 1}\nc:\n  <<: *b", ["line 3", "aliases"]),
        ("%YAML 1.1\n---\na: no", ["line 2", "YAML 1.2"]),
        ("a: [" + "[" * 200 + "]" * 201, ["line 1", "levels deep"]),
        ("a: 1\nb: .nan", ["line 2: b", "finite number", "nan"]),
        ("a: [1e999]", ["line 1: a.0", "finite number"]),
        ("a: " + "9" * 5000, ["line 1: a", "not a number that can be used"]),
    ],
)
def test_other_than_plain_data_is_refused_with_its_line(text: str, parts: list[str]) -> None:
    with pytest.raises(InputError) as error:
        value(text)
    for part in parts:
        assert part in str(error.value)
