"""raysc checkpoint: public checkpoint files."""

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from raysc.errors import InputError

PLAIN = re.compile(r"[A-Za-z_./][\w./-]*")
"""Text that needs no quotes in YAML."""
checkpoint = typer.Typer(no_args_is_help=True, help="Public checkpoint files, which initial.from takes.")


@checkpoint.callback()
def about() -> None:
    """Public checkpoint files, which initial.from takes."""


@checkpoint.command()
def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of EDM, torchcfm or ddpm-torch.")],
) -> None:
    """Print what a checkpoint file holds and the settings of a sweep that starts from it; nothing in it is run."""
    from raysc.models.checkpoint_files.read import read_checkpoint
    from raysc.models.networks.build import parameter_count
    from raysc.models.networks.network import AUGMENT_DIM

    if not file.is_file():
        raise InputError(f"there is no file {file}")
    held = read_checkpoint(file)
    channels, height, width = held.config["event"]
    weights = "one set of weights" if held.weights is held.ema else "raw and EMA weights"
    labels = held.config.get(AUGMENT_DIM)
    rows = {
        "layout": held.layout,
        "network": held.config["network"],
        "parameters": f"{parameter_count(held.config):,}" + (f", {labels} augmentation labels" if labels else ""),
        "images": f"{channels} channels, {height}x{width}",
        "holds": weights + (", Adam's state" if held.moments else ""),
        **({"steps": f"{held.steps:,}"} if held.steps else {}),
        **held.settings,
    }
    for name, value in rows.items():
        typer.echo(f"{name + ':':17}{value}")
    typer.echo("in a sweep file:")
    typer.echo(f"  model: {_flow(held.model)}")
    typer.echo(f"  initial: {_flow({'from': str(file)})}")


def _flow(values: Any) -> str:
    """Format plain values as YAML in one line; text that would need quotes gets them."""
    if isinstance(values, dict):
        return "{" + ", ".join(f"{name}: {_flow(value)}" for name, value in values.items()) + "}"
    if isinstance(values, list):
        return "[" + ", ".join(_flow(value) for value in values) + "]"
    return values if isinstance(values, str) and PLAIN.fullmatch(values) else json.dumps(values)
