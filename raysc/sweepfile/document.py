"""The values of a sweep, read from a file, a text or a mapping, with the location of every key."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from raysc.errors import InputError
from raysc.sweepfile.yaml_reader import MAX_DEPTH, join_key, read_value


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
    file = Path(path)
    if file.is_dir():
        raise InputError(f"{path}: expected a sweep file, got a folder")
    try:
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
    """Convert a mapping with the keys of a sweep file; tuples, ranges and NumPy values become plain data.

    Args:
        values: the mapping.
        name: name of the mapping in messages.

    Raises:
        InputError: a value is no plain data, not finite, or nested too deep.
    """
    document = Document(name, {}, {})
    document.value = _plain(values, "", document, 1)
    return document


def _plain(value: Any, key: str, document: Document, depth: int) -> Any:
    """Return a value as plain data and record the locations of the keys below it."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return dict(_items(value.items(), key, document, depth))
    if isinstance(value, list | tuple | range):
        return [item for _, item in _items(enumerate(value), key, document, depth)]
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{document.path}: {key}: expected a finite number, got {value}")
    if value is not None and not isinstance(value, str | bool | int | float):
        raise InputError(
            f"{document.path}: {key}: expected a mapping, a list, text, a number, a bool or None; "
            f"got {type(value).__name__}"
        )
    return value


def _items(items: Iterable[tuple[Any, Any]], key: str, document: Document, depth: int) -> Iterator[tuple[str, Any]]:
    """Yield the items of a mapping or list with plain values, and record their locations."""
    if depth > MAX_DEPTH:
        raise InputError(f"{document.path}: nested more than {MAX_DEPTH} levels deep")
    for name, value in items:
        inner_key = join_key(key, str(name))
        document.locations[inner_key] = document.path
        yield str(name), _plain(value, inner_key, document, depth + 1)


def _opening_comment(text: str) -> str:
    """Return the comment at the top of a sweep file, without its signs; "" if there is none."""
    lines = takewhile(lambda line: line.startswith("#"), text.splitlines())
    return "\n".join(line.removeprefix("#").removeprefix(" ").rstrip() for line in lines)
