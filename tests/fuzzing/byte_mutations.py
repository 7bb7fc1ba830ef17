"""Seeded mutations of bytes: flips, cuts, repetitions, splices, dictionary words, extreme numbers and nesting."""

import re
from collections.abc import Callable, Sequence
from random import Random

MAX_GROWTH = 2**16
"""Bytes that one mutation can add."""
MAX_MUTATIONS = 4
"""Mutations of one input."""
SPECIAL_BYTES = b"\x00\x01\x7f\x80\xfe\xff\n\r\t \"'{}[]:,-#%&*!|>\\/"
NUMBERS = (
    b"0", b"-1", b"1", b"255", b"65536", b"2147483648", b"-9223372036854775809", b"18446744073709551616", b"1e309",
    b"-1e309", b"1e-400", b"0.1", b".inf", b"nan", b"NaN", b"Infinity", b"0x1f", b"1_000", b"01", b"9" * 40,
    b"9" * 5000,
)  # fmt: skip
BINARY_NUMBERS = (0, 1, 2**7, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**48, 2**63 - 1, 2**63, 2**64 - 1)
BRACKETS = (b"[", b"{", b'{"a":', b"- ", b"a: ", b"(", b'"', b"\x1b[", b"'")
DEPTHS = (1, 2, 10, 30, 1000, 20_000)

Mutate = Callable[[Random, bytes, Sequence[bytes], Sequence[bytes]], bytes]
"""Function of a random generator, an input, other inputs of the same kind, and dictionary words: the mutated input."""


def mutate_bytes(random: Random, data: bytes, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """Return an input with one to four mutations."""
    for _ in range(random.randint(1, MAX_MUTATIONS)):
        data = random.choice(MUTATIONS)(random, data, donors, words)
    return data


def mutate_protected(random: Random, data: bytes, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """Return an input in which one byte has another value; of every four, one with other mutations."""
    if random.random() < 0.25:
        return mutate_bytes(random, data, donors, words)
    position = random.randrange(len(data))
    value = (data[position] + random.randint(1, 255)) % 256
    return data[:position] + bytes([value]) + data[position + 1 :]


def _flip(random: Random, data: bytes, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    position = random.randrange(len(data) or 1)
    return data[:position] + bytes([(data[position : position + 1] or b"\0")[0] ^ 1 << random.randrange(8)]) + (
        data[position + 1 :]
    )  # fmt: skip


def _set(random: Random, data: bytes, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    position = random.randrange(len(data) + 1)
    return data[:position] + bytes([random.choice(SPECIAL_BYTES)]) + data[position + 1 :]


def _cut_end(random: Random, data: bytes, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _cut_slice(random: Random, data: bytes, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    first, last = _slice(random, data)
    return data[:first] + data[last:]


def _repeat(random: Random, data: bytes, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    first, last = _slice(random, data)
    times = min(random.choice((1, 2, 10, 1000)), MAX_GROWTH // max(1, last - first))
    return data[:last] + data[first:last] * times + data[last:]


def _splice(random: Random, data: bytes, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    donor = random.choice(donors)
    return data[: random.randrange(len(data) + 1)] + donor[random.randrange(len(donor) + 1) :]


def _insert_word(random: Random, data: bytes, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    word = random.choice(words) if words else bytes(random.choices(SPECIAL_BYTES, k=4))
    position = random.randrange(len(data) + 1)
    return data[:position] + word + data[position + random.choice((0, len(word))) :]


def _replace_number(random: Random, data: bytes, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    numbers = list(re.finditer(rb"\d+", data))
    if not numbers:
        return _set(random, data, donors, words)
    number = random.choice(numbers)
    return data[: number.start()] + random.choice(NUMBERS) + data[number.end() :]


def _replace_binary_number(random: Random, data: bytes, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    size = random.choice((2, 4, 8))
    value = random.choice(BINARY_NUMBERS) % (1 << 8 * size)
    position = random.randrange(len(data) + 1)
    return data[:position] + value.to_bytes(size, random.choice(("little", "big"))) + data[position + size :]


def _nest(random: Random, data: bytes, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    position = random.randrange(len(data) + 1)
    return data[:position] + (random.choice(BRACKETS) * random.choice(DEPTHS))[:MAX_GROWTH] + data[position:]


def _slice(random: Random, data: bytes) -> tuple[int, int]:
    """Return the bounds of a slice; short ones are more frequent."""
    first = random.randrange(len(data) + 1)
    return first, min(len(data), first + random.choice((1, 2, 8, 64, len(data))))


MUTATIONS: tuple[Mutate, ...] = (
    _flip, _set, _cut_end, _cut_slice, _repeat, _splice, _insert_word, _replace_number, _replace_binary_number, _nest,
)  # fmt: skip
