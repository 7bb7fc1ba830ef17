"""Seeded mutations of JSON values: other types, extreme numbers, missing and unknown keys, copies and nesting."""

import json
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

MAX_MUTATIONS = 3
"""Mutations of one input."""
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 1.5, -0.0, 0.1 + 0.2, 2**31, 2**63, 2**64, 10**30, 1e308, float("inf"),
    float("nan"), "", " ", "a", "1", "-1", "null", "-", ".", "..", "../../x", "/", "a/b", "a\\b", "C:", "a\0b",
    "two\nlines", "\x1b[31mred", "\u202e", "ä" * 300, "\ud800", "x" * 100_000, [], [[]], [None], [0, 0],
    list(range(300)), {}, {"": None}, {"name": "gaussian"}, {"name": 3}, {"a": {"b": {"c": []}}},
)  # fmt: skip
DEPTHS = (1, 3, 30, 300)
"""Levels of nesting that one mutation can add. Python's own JSON writer has a limit of some thousands."""


def mutate_json(random: Random, data: bytes, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """Return a JSON text with one to three mutations of its values; ``words`` are strings that are used as values."""
    value = json.loads(data)
    for _ in range(random.randint(1, MAX_MUTATIONS)):
        value = mutate_value(random, value, json.loads(random.choice(donors)), [word.decode() for word in words])
    return json.dumps(value).encode()


def mutate_value(random: Random, value: Any, donor: Any, words: Sequence[str]) -> Any:
    """Return a value with one mutation.

    Args:
        random: the generator.
        value: the value; it may be changed in place.
        donor: another value, from which parts are copied.
        words: strings that are used as values and as keys.
    """
    places = list(_places(value))
    if not places:
        return _odd(random, words)
    container, key = random.choice(places)
    match random.randrange(8):
        case 0 | 1 | 2:
            container[key] = _odd(random, words)
        case 3:
            del container[key]
        case 4:
            donated = random.choice([(donor, None), *_places(donor)])
            container[key] = donor if donated[1] is None else donated[0][donated[1]]
        case 5:
            for _ in range(random.choice(DEPTHS)):
                container[key] = [container[key]] if random.random() < 0.5 else {"a": container[key]}
        case 6 if isinstance(container, dict):
            container[random.choice([*words, "", "a", f"{key}s", str(key).upper(), "name"])] = container.pop(key)
        case _:
            other, other_key = random.choice(places)
            container[key] = json.loads(json.dumps(other[other_key]))
    return value


def _odd(random: Random, words: Sequence[str]) -> Any:
    """Return an odd value, a copy of its own."""
    value = random.choice(ODD_VALUES if random.random() < 0.7 or not words else words)
    return json.loads(json.dumps(value))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield (container, key or index) for everything below a value."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    for key in keys:
        yield value, key
        yield from _places(value[key])
