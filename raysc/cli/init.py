"""raysc init: copy a shipped sweep file to edit."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from raysc.cli.shipped import SCHEMA, copy_text, shipped
from raysc.errors import InputError
from raysc.sweepfile.messages import did_you_mean


def init(name: Annotated[str, typer.Argument(help="Its name; raysc list has all names.")]) -> None:
    """Copy a shipped sweep file into this folder, and its schema for editors; never overwrites a sweep file."""
    files = shipped()
    if name not in files:
        in_folders = [known for known in files if Path(known).name == name]  # gaussian: kazdan2024/gaussian
        nearest = in_folders[0] if in_folders else name
        raise InputError(f"there is no sweep file {name!r}{did_you_mean(nearest, files)}")
    target = Path(files[name].name)
    try:
        with target.open("x") as file:
            file.write(copy_text(files[name]))
        shutil.copyfile(SCHEMA, SCHEMA.name)
    except FileExistsError:
        raise InputError(f"{target} exists here; move it away first") from None
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror}") from None
    typer.echo(f"wrote {target}; run it with: raysc sweep {target}")
