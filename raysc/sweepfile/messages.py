"""The words of refusals: what was expected, what was given, and the nearest valid name."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from raysc.errors import InputError


@dataclass(frozen=True)
class Places:
    """Where the settings were given, for messages.

    Attributes:
        path: the sweep file.
        lines: dotted key -> "FILE, line N" or "--set KEY=VALUE".
        origins: dotted setting -> the key that set it for one point of the grid (``lambda`` -> ``space.1.lambda.0``).
    """

    path: str
    lines: Mapping[str, str]
    origins: Mapping[str, str] = field(default_factory=dict)

    def of(self, key: str) -> str:
        """The place of a setting or of the nearest key above it; the file where none is known."""
        parts = key.split(".")
        for length in range(len(parts), 0, -1):
            above = ".".join(parts[:length])
            if (origin := self.origins.get(above)) is not None:
                return Places(self.path, self.lines).of(".".join([origin, *parts[length:]]))
            if (place := self.lines.get(above)) is not None:
                return place
        return self.path

    def error(self, key: str, problem: str) -> InputError:
        """The refusal of a setting."""
        return InputError(f"{self.of(key)}: {key}: {problem}")


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """``; did you mean 'x'?`` with the nearest valid name, or the list of all of them where none is near."""
    names = list(valid)
    near = get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; valid: {', '.join(names)}" if names else ""


def shown(value: Any) -> str:
    """A value as a message shows it, in YAML's words."""
    if value is None:
        return "nothing"
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=repr)
    return text if len(text) <= 60 else text[:57] + "..."


def first_error(error: ValidationError) -> ErrorDetails:
    """The error to tell of: a key that does not exist comes first, since it explains one that is missing."""
    errors = error.errors()
    return next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])


def sentence(*errors: ErrorDetails) -> str:
    """What was expected and what was given; several errors are those of the branches of one union."""
    # One branch often fails deeper than another; the value that the branches share is the least deep one's.
    given = min(errors, key=lambda error: len(error["loc"]))["input"]
    expected = " or ".join(dict.fromkeys(_expected(error) for error in errors))
    text = f"expected {expected}, got {shown(given)}"
    if any(error["type"] == "int_type" for error in errors) and isinstance(given, float) and given.is_integer():
        return f"{text}; write {int(given)}"
    names = [name for error in errors for name in _names(error)]
    if isinstance(given, str) and (near := get_close_matches(given, names, n=1)):
        return f"{text}; did you mean {near[0]!r}?"
    return text


def _names(error: ErrorDetails) -> list[str]:
    return re.findall(r"'([^']*)'", error["ctx"]["expected"]) if error["type"] == "literal_error" else []


def _expected(error: ErrorDetails) -> str:
    limits = error.get("ctx", {})
    match error["type"]:
        case "int_type":
            return "a whole number"
        case "float_type":
            return "a number"
        case "bool_type":
            return "true or false"
        case "string_type":
            return "text"
        case "none_required":
            return "nothing"
        case "model_type" | "dict_type" | "dataclass_type":
            return "a mapping of keys and values"
        case "list_type" | "tuple_type" | "set_type":
            return "a list"
        case "too_short":
            return f"a list of at least {limits['min_length']}"
        case "literal_error":
            return str(limits["expected"])
        case "greater_than":
            return f"a number above {limits['gt']:g}"
        case "greater_than_equal":
            return f"a number of at least {limits['ge']:g}"
        case "less_than":
            return f"a number below {limits['lt']:g}"
        case "less_than_equal":
            return f"a number of at most {limits['le']:g}"
        case _:
            message = error["msg"].removeprefix("Input should ").removeprefix("Value error, ")
            return message[:1].lower() + message[1:]
