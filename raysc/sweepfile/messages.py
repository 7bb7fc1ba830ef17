"""Error messages: location of a setting, expected and actual value, nearest valid name."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from raysc.errors import InputError

EXPECTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "none_required": "nothing",
    "model_type": "a mapping of keys and values",
    "dict_type": "a mapping of keys and values",
    "dataclass_type": "a mapping of keys and values",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "too_short": "a list of at least {min_length}",
    "literal_error": "{expected}",
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "a number of at least {ge:g}",
    "less_than": "a number below {lt:g}",
    "less_than_equal": "a number of at most {le:g}",
}
"""Type of a pydantic error -> the expected value in words, a template for the error's context."""


@dataclass(frozen=True)
class Locations:
    """Locations of the settings, for messages.

    Attributes:
        path: the sweep file, or the name that stands for it.
        by_key: dotted key -> "FILE, line N" or "--set KEY=VALUE".
        origins: dotted setting -> the key that set it for one point of the grid (``lambda`` -> ``space.1.lambda.0``).
    """

    path: str
    by_key: Mapping[str, str]
    origins: Mapping[str, str] = field(default_factory=dict)

    def of(self, key: str) -> str:
        """Return the location of a setting, else of the first key below it, else of the nearest key above it.

        An axis such as ``sample.guide.weight`` sets a key below ``sample.guide``. Without any of them it is the path.
        """
        parts = key.split(".")
        for length in range(len(parts), 0, -1):
            prefix = ".".join(parts[:length])
            if (origin := self.origins.get(prefix)) is not None:
                return Locations(self.path, self.by_key).of(".".join([origin, *parts[length:]]))
            if (location := self.by_key.get(prefix)) is not None:
                return location
            if prefix == key and (below := self._first_below(key)) is not None:
                return self.of(below)
        return self.path

    def _first_below(self, key: str) -> str | None:
        """Return the first key below a key that has a location."""
        return next(
            (name for names in (self.origins, self.by_key) for name in names if name.startswith(f"{key}.")), None
        )

    def error(self, key: str, problem: str) -> InputError:
        """Return the error for a setting: ``FILE, line N: key: problem``."""
        return InputError(f"{self.of(key)}: {' '.join(key.split())}: {problem}")


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` with the nearest valid name, else ``; valid: ...`` with all valid names."""
    names = list(valid)
    near = get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; valid: {', '.join(names)}" if names else ""


def quote(value: Any) -> str:
    """Return a value as a message shows it: as in YAML, at most 60 characters."""
    if value is None:
        return "nothing"
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=repr)
    return text if len(text) <= 60 else text[:57] + "..."


def first_error(error: ValidationError) -> ErrorDetails:
    """Return the error to report: an unknown key first, since it may explain a missing one."""
    errors = error.errors()
    return next((details for details in errors if details["type"] == "extra_forbidden"), errors[0])


def mismatch(*errors: ErrorDetails) -> str:
    """Return ``expected ..., got ...``; several errors are those of the branches of one union."""
    # Branches fail at different depths; the value that they share is the one of the shallowest error.
    value = min(errors, key=lambda error: len(error["loc"]))["input"]
    expected = " or ".join(dict.fromkeys(_expected(error) for error in errors))
    text = f"expected {expected}, got {quote(value)}"
    if any(error["type"] == "int_type" for error in errors) and isinstance(value, float) and value.is_integer():
        return f"{text}; write {int(value)}"
    names = [name for error in errors for name in _literal_names(error)]
    if isinstance(value, str) and (near := get_close_matches(value, names, n=1)):
        return f"{text}; did you mean {near[0]!r}?"
    return text


def _literal_names(error: ErrorDetails) -> list[str]:
    """Return the valid names of a Literal."""
    return re.findall(r"'([^']*)'", error["ctx"]["expected"]) if error["type"] == "literal_error" else []


def _expected(error: ErrorDetails) -> str:
    """Return the expected value in words."""
    template = EXPECTED.get(error["type"])
    if template is not None:
        return template.format(**error.get("ctx", {}))
    message = error["msg"].removeprefix("Input should ").removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
