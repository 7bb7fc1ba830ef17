"""Sweep files as text: copies for the store and for a cluster."""

import shlex
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from raysc.sweepfile.sweep import Sweep


def comment_with_overrides(comment: str, overrides: Sequence[str]) -> str:
    """Return an opening comment with the overrides added, since it describes the file without them."""
    if not overrides:
        return comment
    flags = shlex.join(word for override in overrides for word in ("--set", override))
    return f"{comment}\n\nWith {flags}".strip()


def sweep_yaml(sweep: Sweep) -> str:
    """Return the sweep file with overrides applied, its name, and its opening comment on top."""
    comment = "".join(f"# {line}".rstrip() + "\n" for line in sweep.comment.splitlines())
    return comment + _as_yaml({"name": sweep.name} | {**sweep.resolved, "name": sweep.name})


def _as_yaml(values: Mapping[str, Any]) -> str:
    """Return plain values as YAML, in their order: the first axis of a grid changes slowest."""
    text = StringIO()
    YAML(typ="rt", pure=True).dump(dict(values), text)  # the "safe" dumper would sort the keys
    return text.getvalue()
