"""A sweep as a file again: what a store keeps of it, and what a cluster is sent."""

import shlex
from collections.abc import Sequence
from io import StringIO

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
    text = StringIO()
    text.writelines(f"# {line}".rstrip() + "\n" for line in sweep.comment.splitlines())
    yaml = YAML(typ="rt", pure=True)  # the safe one would sort the keys
    yaml.dump({"name": sweep.name} | {**sweep.resolved, "name": sweep.name}, text)
    return text.getvalue()
