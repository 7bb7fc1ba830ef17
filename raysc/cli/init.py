"""raysc init: copy a shipped sweep file to edit, or write a new plug-in."""

import shutil
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from raysc.cli.shipped import SCHEMA, copy_name, copy_text, shipped
from raysc.cli.templates.plugin_files import PluginKind, plugin_texts, setting
from raysc.errors import InputError


def init(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A sweep file of raysc list; with --plugin the plug-in's module.",
            autocompletion=lambda incomplete: [known for known in shipped() if known.startswith(incomplete)],
        ),
    ] = None,
    plugin: Annotated[PluginKind | None, typer.Option(help="Write a new plug-in of this kind, and its test.")] = None,
) -> None:
    """Copy a shipped sweep file, and its schema for editors, or write a new plug-in; never overwrites either."""
    if plugin is not None:
        _write_plugin(plugin, name or f"my_{plugin}")
    elif name is None:
        raise InputError(
            "raysc init needs the name of a sweep file, as in raysc init quickstart; raysc list sweeps names all"
        )
    else:
        _copy_sweep_file(name)


def _copy_sweep_file(name: str) -> None:
    """Copy a shipped sweep file and the schema into this folder."""
    files = shipped()
    if name not in files:
        in_folders = [known for known in files if Path(known).name == name]  # gaussian: kazdan2024/gaussian
        near = in_folders or get_close_matches(name, files, n=1)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "raysc list sweeps names all"
        raise InputError(f"there is no sweep file {name!r}; {hint}")
    target = copy_name(name)
    _write({target: copy_text(name)})
    shutil.copyfile(SCHEMA, SCHEMA.name)
    typer.echo(f"wrote {target}; run it with: raysc sweep {target}")


def _write_plugin(kind: PluginKind, module: str) -> None:
    """Write a plug-in and its test into this folder."""
    texts = plugin_texts(kind, module)
    _write(texts)
    typer.echo(f"wrote {' and '.join(texts)}")
    typer.echo(f"in a sweep file beside it:  {setting(kind, module)}")
    install = "" if find_spec("pytest") else "   (pip install pytest first)"
    typer.echo(f"its tests:                  python -m pytest test_{module}.py{install}")
    typer.echo("to find an error:           raysc sweep FILE --debug")


def _write(texts: Mapping[str, str]) -> None:
    """Write files into this folder; InputError if one of them exists or cannot be written."""
    for name in texts:
        if Path(name).exists():
            raise InputError(f"{name} exists here; move it away first")
    for name, text in texts.items():
        try:
            with Path(name).open("x") as file:
                file.write(text)
        except OSError as error:
            raise InputError(f"{name}: cannot be written: {error.strerror}") from None
