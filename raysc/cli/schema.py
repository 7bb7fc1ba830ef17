"""raysc schema: the JSON Schema of the sweep file, for editors and validators."""

import json
from pathlib import Path
from typing import Annotated

import typer

from raysc.errors import InputError


def schema(
    out: Annotated[Path | None, typer.Option(help="The file to write; printed if not given.", dir_okay=False)] = None,
) -> None:
    """Print the JSON Schema of the sweep file.

    An editor with a YAML language server completes and checks a sweep file that begins with the line
    "# yaml-language-server: $schema=FILE".
    """
    text = schema_text()
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{out}: cannot be written: {error.strerror}") from None
    typer.echo(f"wrote {out}")


def schema_text() -> str:
    """Return the schema as JSON with a newline at its end."""
    from raysc.reference.sweep_schema import sweep_schema

    return json.dumps(sweep_schema(), indent=1) + "\n"
