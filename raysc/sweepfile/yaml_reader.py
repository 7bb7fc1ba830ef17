"""YAML to plain values, with the place of every key.

Only plain data is read: a file that holds tags, anchors or aliases is refused, so that a stranger's sweep file can run
nothing and every value has one line.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import StringIO
from itertools import takewhile
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, DocumentStartEvent, NodeEvent
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from raysc.errors import InputError

DEEPEST = 20
"""Levels of nesting that are read; no sweep file needs half as many."""


@dataclass
class Document:
    """A sweep file's values.

    Attributes:
        path: the file, as the user gave it.
        value: dict, list, str, int, float, bool or None, nested.
        lines: dotted key (list items by index) -> "FILE, line N" or "--set KEY=VALUE".
        comment: that the file opens with.
    """

    path: str
    value: dict[str, Any]
    lines: dict[str, str]
    comment: str


def read_document(path: str) -> Document:
    """Read a sweep file.

    Raises:
        InputError: there is no such file, or it is not a YAML mapping of plain data.
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
    value, lines = read_value(text, lambda line: f"{path}, line {line}")
    if not isinstance(value, dict):
        raise InputError(f"{path}: expected keys and values, such as `data: digits`, at the top of the file")
    return Document(path, value, lines, _opening(text))


def _opening(text: str) -> str:
    """The comment that a sweep file opens with, without its signs; "" if there is none."""
    lines = takewhile(lambda line: line.startswith("#"), text.splitlines())
    return "\n".join(line.removeprefix("#").removeprefix(" ").rstrip() for line in lines)


def read_value(text: str, place: Callable[[int], str]) -> tuple[Any, dict[str, str]]:
    """Read YAML 1.2.

    Args:
        text: the YAML.
        place: how messages name a line, counted from 1.

    Returns:
        The value, and dotted key -> place for everything below it.

    Raises:
        InputError: broken YAML, a duplicate key, or more than plain data.
    """
    try:
        _refuse_more_than_plain_data(text, place)
        # ``compose`` keeps the lines; ``load`` would build objects and lose them.
        yaml = YAML(typ="safe", pure=True)
        root = yaml.compose(StringIO(text))
        lines: dict[str, str] = {}
        return (None if root is None else _plain(root, "", yaml, place, lines)), lines
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InputError(f"{place(mark.line + 1 if mark else 1)}: broken YAML: {error.problem}") from None
    except YAMLError as error:
        raise InputError(f"{place(1)}: broken YAML: {' '.join(str(error).split())}") from None


def _refuse_more_than_plain_data(text: str, place: Callable[[int], str]) -> None:
    depth = 0
    for event in YAML(typ="safe", pure=True).parse(StringIO(text)):
        where = place(event.start_mark.line + 1)
        if isinstance(event, CollectionStartEvent):
            depth += 1
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise InputError(f"{where}: nested more than {DEEPEST} levels deep")
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor is not None):
            raise InputError(f"{where}: anchors (&) and aliases (*) are not taken; write the value out, or quote it")
        if getattr(event, "tag", None) is not None:
            raise InputError(f"{where}: tags are not taken, got {event.tag}; quote it if it is text")
        if isinstance(event, DocumentStartEvent) and event.version not in (None, (1, 2)):
            raise InputError(f"{where}: sweep files are YAML 1.2; leave the %YAML line out")


def _plain(node: Node, key: str, yaml: YAML, place: Callable[[int], str], lines: dict[str, str]) -> Any:
    """The value of a node; the places of everything below it go into ``lines``."""
    if isinstance(node, MappingNode):
        out: dict[str, Any] = {}
        for name_node, value_node in node.value:
            name, where = name_node.value, place(name_node.start_mark.line + 1)
            if not name_node.tag.endswith(":str"):
                raise InputError(f"{where}: expected a name as key, got {name}; quote it if it is text")
            if name in out:
                raise InputError(f"{where}: duplicate key {name!r}; its first place is {lines[_below(key, name)]}")
            lines[_below(key, name)] = where
            out[name] = _plain(value_node, _below(key, name), yaml, place, lines)
        return out
    if isinstance(node, SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            lines[_below(key, str(index))] = place(item.start_mark.line + 1)
            items.append(_plain(item, _below(key, str(index)), yaml, place, lines))
        return items
    return _scalar(node, key, yaml, place)


def _scalar(node: Node, key: str, yaml: YAML, place: Callable[[int], str]) -> Any:
    where = f"{place(node.start_mark.line + 1)}: {key}".removesuffix(": ")
    build = yaml.constructor
    try:
        # Whatever else the resolver knows (dates, say) is text in YAML 1.2's core schema.
        match str(node.tag).rpartition(":")[2]:
            case "int":
                value = build.construct_yaml_int(node)
            case "float":
                value = build.construct_yaml_float(node)
            case "bool":
                value = build.construct_yaml_bool(node)
            case "null":
                value = None
            case _:
                value = str(node.value)
    except ValueError:
        raise InputError(f"{where}: not a number that can be used: {str(node.value)[:40]}") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{where}: expected a finite number, got {node.value}")
    return value


def _below(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def places_below(key: str, lines: Mapping[str, str]) -> list[str]:
    """The keys of ``lines`` that are ``key`` or lie below it."""
    return [other for other in lines if other == key or other.startswith(key + ".")]
