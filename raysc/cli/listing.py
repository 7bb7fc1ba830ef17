"""raysc list: what is registered, and the sweep files that ship."""

import inspect

import typer

from raysc import registry
from raysc.cli.shipped import purpose, shipped
from raysc.sweepfile.components import parameter_text
from raysc.sweepfile.signature import Room, Signature

HEADINGS: dict[Room, str] = {"data": "data sets", "model": "models", "regime": "regimes", "metric": "metrics"}


def listing() -> None:
    """List data sets, models, regimes and metrics with their parameters, and the shipped sweep files."""
    for room, heading in HEADINGS.items():
        typer.echo(heading)
        for name in registry.names(room):
            about = (inspect.getdoc(registry.load(room, name)) or "").partition("\n\n")[0]
            typer.echo(f"  {name}: {' '.join(about.split())}")
            for told in _settings(room, registry.signature(room, name)):
                typer.echo(f"      {told}")
        typer.echo()
    typer.echo("sweep files: raysc init NAME copies one here")
    for name, file in shipped().items():
        typer.echo(f"  {name}: {purpose(file)}")


def _settings(room: Room, signature: Signature) -> list[str]:
    """What a sweep file may set, one line each."""
    told = [parameter_text(name, declared) for name, declared in signature.parameters.items()]
    if room == "regime" and signature.default_lambda != "not taken":
        default = signature.default_lambda
        told.insert(0, "lambda (float, required)" if default is None else f"lambda (float, default {default:g})")
    return told
