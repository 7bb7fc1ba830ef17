"""YAML to plain values, with the location of every key.

Only plain data is read. Tags, anchors and aliases are refused, so that a sweep file of a stranger cannot run code and
every value has one line.
"""

from collections.abc import Callable
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    NodeEvent,
)
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from raysc.errors import InputError
from raysc.sweepfile.scalars import plain_scalar

MAX_DEPTH = 20
"""Highest level of nesting; no sweep file needs half of it."""

Locate = Callable[[int], str]
"""Line, counted from 1 -> its location in messages."""


def read_value(text: str, locate: Locate) -> tuple[Any, dict[str, str]]:
    """Read YAML 1.2.

    Args:
        text: the YAML.
        locate: returns the location of a line.

    Returns:
        The value, and dotted key -> location for everything below it.

    Raises:
        InputError: broken YAML, a duplicate key, or more than plain data.
    """
    try:
        _check_plain_data(text, locate)
        # ``compose`` keeps the lines; ``load`` would build objects and lose them.
        yaml = YAML(typ="safe", pure=True)
        root = yaml.compose(StringIO(text))
        locations: dict[str, str] = {}
        return (None if root is None else _plain(root, "", yaml, locate, locations)), locations
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InputError(f"{locate(mark.line + 1 if mark else 1)}: broken YAML: {error.problem}") from None
    except YAMLError as error:
        raise InputError(f"{locate(1)}: broken YAML: {' '.join(str(error).split())}") from None


def _check_plain_data(text: str, locate: Locate) -> None:
    """Raise InputError for anchors, aliases, tags, other YAML versions and deep nesting."""
    depth = 0
    for event in YAML(typ="safe", pure=True).parse(StringIO(text)):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        problem = f"nested more than {MAX_DEPTH} levels deep" if depth > MAX_DEPTH else _problem(event)
        if problem:
            raise InputError(f"{locate(event.start_mark.line + 1)}: {problem}")


def _problem(event: Event) -> str:
    """Return the problem of an event that is no plain data, else ""."""
    if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor is not None):
        return "anchors (&) and aliases (*) are not supported; write the value out, or quote it"
    if (tag := getattr(event, "tag", None)) is not None:
        return f"tags are not supported, got {tag}; quote it if it is text"
    if isinstance(event, DocumentStartEvent) and event.version not in (None, (1, 2)):
        return "sweep files are YAML 1.2; leave the %YAML line out"
    return ""


def _plain(node: Node, key: str, yaml: YAML, locate: Locate, locations: dict[str, str]) -> Any:
    """Return the value of a node; add the locations of everything below it to ``locations``."""
    if isinstance(node, MappingNode):
        mapping: dict[str, Any] = {}
        for name_node, value_node in node.value:
            name, location = name_node.value, locate(name_node.start_mark.line + 1)
            inner_key = join_key(key, name)
            if not name_node.tag.endswith(":str"):
                shown = name if isinstance(name_node, ScalarNode) else "a list or a mapping"
                raise InputError(f"{location}: expected a name as key, got {shown}; quote it if it is text")
            if name in mapping:
                raise InputError(f"{location}: duplicate key {name!r}; it is first at {locations[inner_key]}")
            locations[inner_key] = location
            mapping[name] = _plain(value_node, inner_key, yaml, locate, locations)
        return mapping
    if isinstance(node, SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            inner_key = join_key(key, str(index))
            locations[inner_key] = locate(item.start_mark.line + 1)
            items.append(_plain(item, inner_key, yaml, locate, locations))
        return items
    return _scalar(node, key, yaml, locate)


def _scalar(node: Node, key: str, yaml: YAML, locate: Locate) -> Any:
    """Return a number, bool, text or None."""
    location = f"{locate(node.start_mark.line + 1)}: {key}".removesuffix(": ")
    constructor = yaml.constructor
    try:
        # Other types of the resolver, such as dates, are text in YAML 1.2's core schema.
        match str(node.tag).rpartition(":")[2]:
            case "int":
                value = constructor.construct_yaml_int(node)
            case "float":
                value = constructor.construct_yaml_float(node)
            case "bool":
                value = constructor.construct_yaml_bool(node)
            case "null":
                value = None
            case _:
                value = str(node.value)
    except ValueError:
        raise InputError(f"{location}: not a number that can be used: {str(node.value)[:40]}") from None
    try:
        return plain_scalar(value)
    except ValueError as error:
        raise InputError(f"{location}: {error}") from None


def join_key(key: str, name: str) -> str:
    """Return ``key.name``; ``name`` below the top."""
    return f"{key}.{name}" if key else name
