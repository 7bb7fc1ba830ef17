"""raysc report: one page with a sweep's claims, figures and tables."""

from pathlib import Path
from typing import Annotated

import typer

from raysc.cli.arguments import Overrides, Storage, SweepArgument
from raysc.planning.open_sweep import open_sweep


def report(
    sweep_file: SweepArgument,
    out: Annotated[
        Path | None, typer.Option(help="The folder to write; NAME-report if not given.", file_okay=False)
    ] = None,
    overrides: Overrides = None,
    storage: Storage = None,
) -> None:
    """Write one HTML page, and a folder with every figure as SVG and PNG and its numbers as CSV."""
    from raysc.results.report.page import make_folder
    from raysc.results.report.page import report as make_report
    from raysc.results.thresholds.resolution import resolve_in_store

    sweep, objects = open_sweep(sweep_file, storage, overrides)
    folder = out or Path(f"{sweep.name}-report")
    make_folder(folder)
    made = make_report(resolve_in_store(sweep, objects), objects)
    page = made.write(folder)
    typer.echo(f"wrote {page} ({len(made.figures)} figures as SVG, PNG and CSV in {page.parent / 'figures'})")
