"""Files of a new plug-in: a working class with comments, and its test."""

import re
from pathlib import Path
from typing import Literal

from raysc.errors import InputError

PluginKind = Literal["regime", "curation", "data", "model", "metric"]

FOLDER = Path(__file__).parent

SETTINGS = {
    "regime": "space: {{regime: {}}}",
    "curation": "curation: {}",
    "data": "data: {}",
    "model": "model: {}",
    "metric": "metrics: [{}]",
}
"""Kind -> the line of a sweep file that names a plug-in."""


def plugin_texts(kind: PluginKind, module: str) -> dict[str, str]:
    """Return the files of a new plug-in.

    Args:
        kind: its kind.
        module: name of its module in lower case with underscores, as in ``my_regime``; the class is ``MyRegime``.

    Returns:
        File name -> text: the plug-in and its test.

    Raises:
        InputError: the name is no name of a module.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", module):
        raise InputError(f"{module!r}: a plug-in is named in lower case with underscores, such as my_{kind}")
    names = {f"raysc.cli.templates.{kind}": module, f"My{kind.capitalize()}": class_name(module), f"my_{kind}": module}
    texts = {}
    for file, template in ((f"{module}.py", f"{kind}.py"), (f"test_{module}.py", f"{kind}_test.py")):
        text = (FOLDER / template).read_text(encoding="utf-8")
        texts[file] = re.sub("|".join(map(re.escape, names)), lambda match: names[match[0]], text)
    return texts


def class_name(module: str) -> str:
    """Return the name of a plug-in's class: ``MyRegime`` for ``my_regime``."""
    return "".join(part.capitalize() for part in module.split("_"))


def setting(kind: PluginKind, module: str) -> str:
    """Return the line of a sweep file that names a plug-in."""
    return SETTINGS[kind].format(f'"{module}:{class_name(module)}"')
