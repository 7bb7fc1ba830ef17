"""A sweep as a file again: what a store keeps of it, and what a cluster is sent."""

import shlex
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from raysc.sweepfile.sweep import Sweep


def noted(comment: str, overrides: Sequence[str]) -> str:
    """A comment that also says what was overridden, since what it says of the file may not hold then."""
    if not overrides:
        return comment
    flags = shlex.join(word for one in overrides for word in ("--set", one))
    return f"{comment}\n\nWith {flags}".strip()


def written(sweep: Sweep) -> str:
    """A sweep file with overrides applied, its name written down and its opening comment on top."""
    comment = "".join(f"# {line}".rstrip() + "\n" for line in sweep.comment.splitlines())
    return comment + as_yaml({"name": sweep.name} | {**sweep.resolved, "name": sweep.name})


def as_yaml(values: Mapping[str, Any]) -> str:
    """Plain values as YAML, in their order: the first axis of a grid changes slowest."""
    text = StringIO()
    YAML(typ="rt", pure=True).dump(dict(values), text)  # the safe one would sort the keys
    return text.getvalue()
