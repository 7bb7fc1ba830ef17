"""raysc list: what is registered, and the sweep files that ship."""

import inspect
from typing import Any

import typer

from raysc import catalogue
from raysc.cli.shipped import shipped
from raysc.sweepfile.signature import REQUIRED, Room


def listing() -> None:
    """List data sets, models, regimes and metrics with their parameters, and the shipped sweep files."""
    rooms: tuple[tuple[Room, str], ...] = (
        ("data", "data sets"),
        ("model", "models"),
        ("regime", "regimes"),
        ("metric", "metrics"),
    )
    for room, heading in rooms:
        typer.echo(f"{heading}:")
        for name in catalogue.names(room):
            parameters = catalogue.signature(room, name).parameters
            told = ", ".join(_parameter(key, one.annotation, one.default) for key, one in parameters.items())
            first = (inspect.getdoc(catalogue.load(room, name)) or "").split("\n\n")[0].replace("\n", " ")
            typer.echo(f"  {name}" + (f" ({told})" if told else ""))
            typer.echo(f"      {first}")
        typer.echo("")
    typer.echo("sweep files (raysc init NAME copies one here):")
    for name in sorted(shipped()):
        typer.echo(f"  {name}")


def _parameter(name: str, annotation: Any, default: Any) -> str:
    kind = annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")
    kind = "int" if "Gt(gt=0)" in kind and "int" in kind and "tuple" not in kind else kind
    return f"{name}: {kind}" + ("" if default is REQUIRED else f" = {default!r}")
