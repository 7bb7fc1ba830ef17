"""Descriptions from docstrings in Google style."""

import inspect
import re
from collections.abc import Mapping

_ENTRY = re.compile(r"(\w+): (.*)")


def summary(cls: type) -> str:
    """Return the first paragraph of a class's docstring as one line; "" without a docstring."""
    return " ".join((cls.__doc__ or "").strip().partition("\n\n")[0].split())


def attributes(cls: type) -> Mapping[str, str]:
    """Return the descriptions in the ``Attributes`` sections of a class and its bases, by name.

    A trailing underscore, by which a name differs from a keyword of Python, is left out.
    """
    described: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        described |= _attributes(inspect.cleandoc(base.__doc__ or ""))
    return described


def _attributes(docstring: str) -> dict[str, str]:
    """Return the entries of the ``Attributes`` section of one docstring."""
    _, _, section = docstring.partition("\nAttributes:\n")
    entries: list[tuple[str, list[str]]] = []
    for line in section.splitlines():
        if line and not line.startswith(" "):
            break  # the next section, or text below the list
        entry = _ENTRY.fullmatch(line.strip())
        if entry and line.startswith("    ") and not line.startswith("     "):
            entries.append((entry[1], [entry[2]]))
        elif entries:
            entries[-1][1].append(line.strip())
    return {name.removesuffix("_"): " ".join(filter(None, parts)) for name, parts in entries}
