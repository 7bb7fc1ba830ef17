"""raysc list: registered components and shipped sweep files."""

import inspect

import typer

from raysc import registry
from raysc.cli.shipped import purpose, shipped
from raysc.sweepfile.components import parameter_text
from raysc.sweepfile.signature import ComponentKind, Signature

HEADINGS: dict[ComponentKind, str] = {"data": "data sets", "model": "models", "regime": "regimes", "metric": "metrics"}


def listing() -> None:
    """List data sets, models, regimes and metrics with their parameters, and the shipped sweep files."""
    for kind, heading in HEADINGS.items():
        typer.echo(heading)
        for name in registry.names(kind):
            about = (inspect.getdoc(registry.load(kind, name)) or "").partition("\n\n")[0]
            typer.echo(f"  {name}: {' '.join(about.split())}")
            for setting in _settings(kind, registry.signature(kind, name)):
                typer.echo(f"      {setting}")
        typer.echo()
    typer.echo("sweep files: raysc init NAME copies one here")
    for name, file in shipped().items():
        typer.echo(f"  {name}: {purpose(file)}")


def _settings(kind: ComponentKind, signature: Signature) -> list[str]:
    """Format the settings of a component, one line each."""
    settings = [parameter_text(name, declared) for name, declared in signature.parameters.items()]
    if kind == "regime" and signature.default_lambda != "not taken":
        default = signature.default_lambda
        settings.insert(0, "lambda (float, required)" if default is None else f"lambda (float, default {default:g})")
    return settings
