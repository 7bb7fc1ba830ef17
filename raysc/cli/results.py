"""raysc results: the table."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raysc.cli.places import Overrides, Storage, SweepArgument, open_console, open_sweep
from raysc.errors import InputError
from raysc.sweepfile.messages import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from raysc.sweepfile import Sweep

WIDE = ("lineage", "parent", "control", "diverged", "loss", "optimiser_steps")
"""Columns that a terminal does not show."""


def results(
    sweep_file: SweepArgument,
    by: Annotated[
        str | None, typer.Option(help="Average over everything but these columns, as in regime,lambda.")
    ] = None,
    metric: Annotated[list[str] | None, typer.Option(help="Show this metric's columns only; may be repeated.")] = None,
    generation: Annotated[str, typer.Option(help="last, all or a number.")] = "last",
    csv: Annotated[Path | None, typer.Option(help="Write CSV to this file; - prints it.")] = None,
    parquet: Annotated[Path | None, typer.Option(help="Write Parquet to this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of objects.")] = False,
    overrides: Overrides = None,
    storage: Storage = None,
) -> None:
    """Print or write the table: one row per cell, seed and generation."""
    from raysc.results.table import load_table

    sweep, objects = open_sweep(sweep_file, storage, overrides)
    table = chosen(load_table(sweep, objects), sweep, by, metric, generation)
    if csv is not None and str(csv) != "-":
        table.to_csv(csv, index=False)
    elif csv is not None:
        typer.echo(table.to_csv(index=False), nl=False)
    if parquet is not None:
        table.to_parquet(parquet, index=False)
    if as_json:
        rows = json.loads(table.to_json(orient="records", double_precision=15))
        typer.echo(json.dumps(rows, indent=1))
    if csv is None and parquet is None and not as_json:
        _print(table)


def chosen(
    table: "pd.DataFrame", sweep: "Sweep", by: str | None, metrics: list[str] | None, generation: str
) -> "pd.DataFrame":
    """The part of the table that the options ask for.

    Raises:
        InputError: there is no such column, metric or generation.
    """
    from raysc.results.statistics import aggregate
    from raysc.results.table import metric_columns

    every = [name for column in metric_columns(sweep) for name in _columns(column.name) if name in table]
    for name in metrics or ():
        if name not in every:
            raise InputError(f"--metric {name}: no such metric in this sweep{did_you_mean(name, every)}")
    wanted = [column for column in every if column in {part for name in metrics or every for part in _columns(name)}]
    table = table.drop(columns=[name for name in every if name not in wanted])
    if generation == "last":
        table = table[table["generation"] == table.groupby("cell")["generation"].transform("max")]
    elif generation.isdigit():
        table = table[table["generation"] == int(generation)]
    elif generation != "all":
        raise InputError(f"--generation {generation}: expected last, all or a number")
    if by is None:
        return table
    groups = [name.strip() for name in by.split(",")]
    for name in groups:
        if name not in table:
            raise InputError(f"--by {name}: no such column{did_you_mean(name, list(table.columns))}")
    if generation == "all" and "generation" not in groups:
        groups.append("generation")
    return aggregate(table, groups, wanted)


def _columns(metric: str) -> list[str]:
    return [metric, f"{metric}_floor", f"{metric}_excess"]


def _print(table: "pd.DataFrame") -> None:
    import pandas as pd
    from rich.table import Table

    names = [str(name) for name in table if name not in WIDE and not str(name).startswith("seconds_")]
    shown = Table(box=None, pad_edge=False)
    for name in names:
        shown.add_column(name, justify="left" if table[name].dtype.kind == "O" else "right", no_wrap=True)
    for row in table[names].itertuples(index=False):
        cells = ["" if pd.isna(v) else f"{v:.4g}" if isinstance(v, float) else str(v) for v in row]
        shown.add_row(*cells)
    open_console().print(shown)
