"""raysc results: the table."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raysc.cli.places import Overrides, Storage, SweepArgument, open_console, open_sweep
from raysc.errors import InputError, RayscError

if TYPE_CHECKING:
    import pandas as pd

    from raysc.sweepfile import Sweep

LEADING = ("seed", "generation", "share")
"""What is printed of every row beside the cell, the axes that vary and the metrics; files have all columns."""

AVERAGES = ("mean", "sd", "median", "q05", "q95")


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
    from raysc.plan import measured_generations
    from raysc.results.selection import at_generation, averaged, metric_names
    from raysc.results.table import load_table

    sweep, objects = open_sweep(sweep_file, storage, overrides)
    table = at_generation(load_table(sweep, objects), generation, measured_generations(sweep))
    names = metric_names(table, sweep, metric or ())
    table = table.drop(columns=[name for name in metric_names(table, sweep, ()) if name not in names])
    groups = [name.strip() for name in by.split(",")] if by else []
    if groups and generation == "all" and "generation" not in groups:
        groups.append("generation")
    if groups:
        table = averaged(table, groups, names)
    if table.empty:
        raise RayscError(
            f"{objects.uri} holds no results of {sweep.name} yet; if it ran with --set or --storage, give them here too"
        )
    if csv is not None:
        _write(csv, table.to_csv(index=False).encode())
    if parquet is not None:
        _write(parquet, table.to_parquet(index=False))
    if as_json:
        typer.echo(json.dumps(objects_of(table), indent=1, allow_nan=False))
    if csv is None and parquet is None and not as_json:
        _print(table, _printed(sweep, groups, names if metric else None))


def objects_of(table: "pd.DataFrame") -> list[dict[str, object]]:
    """Rows as plain objects; NaN and other empty values as None."""
    plain = table.astype(object)
    rows = plain.where(plain.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _write(file: Path, data: bytes) -> None:
    if str(file) == "-":
        typer.echo(data.decode(), nl=False)
        return
    try:
        file.write_bytes(data)
    except OSError as error:
        raise InputError(f"{file}: cannot be written: {error.strerror}") from None
    typer.echo(f"wrote {file}", err=True)


def _printed(sweep: "Sweep", groups: Sequence[str], metrics: Sequence[str] | None) -> list[str]:
    """The columns that are printed; of metrics, if none was asked for, the first column and its excess."""
    from raysc.results.table import main_columns, varying_axes

    if metrics is None:
        main = main_columns(sweep)[: 1 if groups else None]
        metrics = [part for column in main for part in (column.name, f"{column.name}_excess")]
    if groups:
        return [*groups, "count", "diverged", *(f"{name}_{part}" for name in metrics for part in AVERAGES)]
    return ["cell", *varying_axes(sweep.cells), *LEADING, *metrics]


def _print(table: "pd.DataFrame", names: Sequence[str]) -> None:
    """As many columns as a terminal has room for."""
    from rich.table import Table

    from raysc.results.text import empty_table, value_text, widest

    def build(columns: Sequence[str]) -> Table:
        shown = empty_table("", columns)
        for row in objects_of(table[list(columns)]):
            shown.add_row(*(value_text(value) for value in row.values()))
        return shown

    console = open_console()
    shown, left_out = widest(build, names, console.width)
    console.print(shown)
    if left_out:
        console.print(f"no room for {', '.join(left_out)}; see --metric, --csv, --parquet, --json", markup=False)
