"""raysc profile: each cell by the eight definitions of model collapse."""

import json
from typing import Annotated

import typer

from raysc.cli.arguments import Overrides, Storage, SweepArgument
from raysc.cli.results import json_objects
from raysc.display import open_console, print_lines
from raysc.planning.open_sweep import no_results, open_sweep


def profile(
    sweep_file: SweepArgument,
    factor: Annotated[float, typer.Option(help="A rise of the risk above this factor is catastrophic.")] = 2.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a list of objects, one per cell and definition.")
    ] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print a table in Markdown.")] = False,
    as_latex: Annotated[bool, typer.Option("--latex", help="Print a table in LaTeX, with booktabs.")] = False,
    overrides: Overrides = None,
    storage: Storage = None,
) -> None:
    """Judge each cell by the eight definitions of model collapse (Schaeffer et al. 2025), against its control.

    In the table: yes, no, ? (undecided), - (not measured). Each definition has its numbers below, with 95 % intervals.
    """
    from raysc.results.profile.definitions import DEFINITIONS
    from raysc.results.profile.profile import collapse_profile
    from raysc.results.profile.tables import definition_lines, heading, matrix, paper_rows, profile_frame
    from raysc.results.table import markup
    from raysc.results.table.table import load_table, varying_axes
    from raysc.results.thresholds.resolution import resolve_in_store

    sweep, objects = open_sweep(sweep_file, storage, overrides)
    resolved = resolve_in_store(sweep, objects)
    table = load_table(resolved, objects)
    if table.empty:
        raise no_results(sweep, objects)
    judged = collapse_profile(resolved, table, factor)
    axes = varying_axes([cell.cell.settings for cell in judged.cells] or resolved.sweep.cells)
    if as_json:
        typer.echo(json.dumps(json_objects(profile_frame(judged)), indent=1, allow_nan=False))
    elif as_markdown or as_latex:
        headings, rows = paper_rows(judged, axes)
        typer.echo((markup.latex if as_latex else markup.markdown)(headings, rows, axes), nl=False)
    else:
        open_console().print(matrix(judged, axes, f"{sweep.name}: collapse by definition"))
        for number, definition in enumerate(DEFINITIONS, 1):
            print_lines(f"{number} {heading(judged, definition)}")
            for line in definition_lines(judged, definition, axes):
                print_lines(f"    {line}")
