"""The values of a sweep, read from a file, a text or a mapping, with the location of every key."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import islice, takewhile
from numbers import Rational
from typing import Any

from raysc.errors import InputError
from raysc.machine.paths import local_path
from raysc.machine.plugin_classes import import_path
from raysc.sweepfile.scalars import plain_scalar
from raysc.sweepfile.yaml_reader import MAX_DEPTH, join_key, read_value

MAX_ITEMS = 1_000_000
"""Maximum length of a list; a range from Python can be as long as it likes."""

MODELINE = "# yaml-language-server:"
"""Beginning of a line that names the schema of the file for editors."""


@dataclass
class Document:
    """The values of a sweep before they are checked.

    Attributes:
        path: the file, as the user gave it, or the name of the text or mapping; for messages.
        value: dict, list, str, int, float, bool or None, nested.
        locations: dotted key (list items by index) -> "FILE, line N" or "--set KEY=VALUE".
        comment: the opening comment.
    """

    path: str
    value: dict[str, Any]
    locations: dict[str, str]
    comment: str = ""

    def keys_below(self, key: str) -> list[str]:
        """Return ``key`` and all keys below it that have a location."""
        return [other for other in self.locations if other == key or other.startswith(key + ".")]


def read_document(path: str) -> Document:
    """Read a sweep file.

    Raises:
        InputError: the file does not exist, or it is not a YAML mapping of plain data.
    """
    file = local_path(path)
    try:
        if file.is_dir():
            raise InputError(f"{path}: expected a sweep file, got a folder")
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: expected a text file in UTF-8") from None
    return parse_document(text, path)


def parse_document(text: str, name: str) -> Document:
    """Parse the text of a sweep file.

    Args:
        text: the text.
        name: name of the file in messages.

    Raises:
        InputError: the text is not a YAML mapping of plain data.
    """
    value, locations = read_value(text, lambda line: f"{name}, line {line}")
    if not isinstance(value, dict):
        raise InputError(f"{name}: expected keys and values, such as `data: digits`, at the top of the file")
    return Document(name, value, locations, _opening_comment(text))


def document_from_mapping(values: Mapping[str, Any], name: str) -> Document:
    """Convert a mapping with the keys of a sweep file to plain data.

    Sequences, arrays and ranges become lists, NumPy values numbers, paths text, classes of plug-ins their import paths,
    and fractions and decimals the number with the same value.

    Args:
        values: the mapping.
        name: name of the mapping in messages.

    Raises:
        InputError: a value is no plain data, or nested too deep, or has no exact decimal; the message has the name of
            the mapping and the key.
    """
    document = Document(name, {}, {})
    document.value = _plain(values, "", document, 1)
    return document


def _plain(value: Any, key: str, document: Document, depth: int) -> Any:
    """Return a value as plain data and record the locations of the keys below it."""
    if not isinstance(value, str | type) and hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str):
                location = f"{document.path}: {key}".removesuffix(": ")
                raise InputError(f"{location}: expected a name as key, got {name!r}; write it as text")
        return dict(_items(value.items(), key, document, depth))
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray | memoryview):
        items = list(islice(value, MAX_ITEMS + 1))
        if len(items) > MAX_ITEMS:
            location = f"{document.path}: {key}".removesuffix(": ")
            raise InputError(f"{location}: expected at most {MAX_ITEMS:,} values in a list")
        return [item for _, item in _items(list(enumerate(items)), key, document, depth)]
    try:
        return plain_scalar(_scalar(value))
    except ValueError as error:
        raise InputError(f"{document.path}: {key}: {error}" if key else f"{document.path}: {error}") from None


def _scalar(value: Any) -> Any:
    """Return a path as text, a class as its import path and an exact number as a number.

    Raises:
        ValueError: the value is no plain data, or it has no exact decimal.
    """
    if isinstance(value, type):
        return import_path(value)
    if isinstance(value, os.PathLike):
        path = os.fspath(value)
        if isinstance(path, str):
            return path
    elif isinstance(value, Decimal | Rational) and not isinstance(value, int):
        return _exact_number(value)
    elif value is None or isinstance(value, str | bool | int | float):
        return value
    raise ValueError(
        "expected a mapping, a list, text, a path, a number, a bool, None or a plug-in's class; got "
        f"{type(value).__name__}"
    )


def _exact_number(value: Decimal | Rational) -> int | float:
    """Return the number of a fraction or decimal; ValueError if its text in a sweep file would be another number."""
    if isinstance(value, Decimal) and not value.is_finite():
        raise ValueError(f"expected a finite number, got {value}")
    exact = Fraction(value)
    if exact.denominator == 1:
        return exact.numerator
    try:
        number = float(exact)
    except OverflowError:
        raise ValueError("expected a number of at most 1.8e308") from None
    if Fraction(repr(number)) != exact:
        raise ValueError(f"{value} has no exact decimal; write a decimal number such as {number:.6g}")
    return number


def _items(items: Iterable[tuple[Any, Any]], key: str, document: Document, depth: int) -> Iterator[tuple[str, Any]]:
    """Yield the items of a mapping or list with plain values, and record their locations."""
    if depth > MAX_DEPTH:
        raise InputError(f"{document.path}: nested more than {MAX_DEPTH} levels deep")
    for name, value in items:
        inner_key = join_key(key, str(name))
        document.locations[inner_key] = document.path
        yield str(name), _plain(value, inner_key, document, depth + 1)


def _opening_comment(text: str) -> str:
    """Return the comment at the top of a sweep file, without its signs and ``MODELINE``; "" if there is none."""
    lines = takewhile(lambda line: line.startswith("#"), text.splitlines())
    comment = (line.removeprefix("#").removeprefix(" ").rstrip() for line in lines if not line.startswith(MODELINE))
    return "\n".join(comment)
