"""raysc results: the table of a sweep."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raysc.cli.arguments import Overrides, Storage, SweepArgument
from raysc.cli.comparison import comparison_table
from raysc.display import open_console
from raysc.errors import InputError
from raysc.formatting import printable
from raysc.planning.opening import no_results, open_sweep

if TYPE_CHECKING:
    import pandas as pd

    from raysc.sweepfile import Sweep

ROW_COLUMNS = ("seed", "generation", "share")
"""Columns that are printed of a row beside cell, varying axes and metrics; files have all columns."""
STATISTICS = ("mean", "low", "high", "sd", "median", "q05", "q95")
"""Statistics over seeds of each metric; low and high limit the 95 % interval of the mean."""


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
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print a table in Markdown.")] = False,
    as_latex: Annotated[bool, typer.Option("--latex", help="Print a table in LaTeX, with booktabs.")] = False,
    pivot: Annotated[
        str | None, typer.Option(help="With --by: one of its columns side by side, with means [95 % intervals].")
    ] = None,
    sort: Annotated[str | None, typer.Option(help="Sort by this column; -COLUMN begins with the largest.")] = None,
    against: Annotated[
        str | None, typer.Option(metavar="SWEEP", help="Compare with another sweep's equal cells, paired by seed.")
    ] = None,
    overrides: Overrides = None,
    storage: Storage = None,
) -> None:
    """Print or write the table: one row per cell, seed and generation."""
    from raysc.planning.resolved import measured_generations, resolve
    from raysc.results.table.groups import add_intervals, aggregate_by
    from raysc.results.table.selection import at_generation, metric_names
    from raysc.results.table.table import load_table, varying_axes

    sweep, objects = open_sweep(sweep_file, storage, overrides)
    whole = load_table(resolve(sweep), objects)
    table = at_generation(whole, generation, measured_generations(sweep))
    names = metric_names(table, sweep, metric or ())
    table = table.drop(columns=[name for name in metric_names(table, sweep, ()) if name not in names])
    if table.empty:
        raise no_results(sweep, objects)
    groups = _groups(by, generation)
    shown = _shown_metrics(sweep, table, groups, names if metric else None)
    numbers = csv is not None or parquet is not None or as_json
    printed = ["cell", *varying_axes(sweep.cells), *ROW_COLUMNS, *shown]
    if against is not None:
        if groups or pivot:
            raise InputError("--against compares cells: leave --by and --pivot out")
        table = comparison_table(sweep, whole, against, storage, generation, metric, numbers)
        printed = [str(name) for name in table]
    elif groups:
        table = add_intervals(aggregate_by(table, groups, names), table, groups, names)
        printed = _printed_statistics(table, groups, shown)
    if pivot is not None:
        table = _pivot(table, groups, pivot, printed, text=not numbers)
        printed = [str(name) for name in table]
    if sort is not None:
        table = _sort(table, sort)
    _write_files(table, csv, parquet)
    if as_json:
        typer.echo(json.dumps(json_objects(table), indent=1, allow_nan=False))
    if as_markdown or as_latex:
        typer.echo(_markup(table[printed], sweep, latex=as_latex), nl=False)
    elif not numbers:
        _print(table, printed)


def _groups(by: str | None, generation: str) -> list[str]:
    """Split the columns of --by; with --generation all, each generation is a group."""
    groups = [name.strip() for name in by.split(",")] if by else []
    if groups and generation == "all" and "generation" not in groups:
        groups.append("generation")
    return groups


def _pivot(
    table: "pd.DataFrame", groups: Sequence[str], across: str, printed: Sequence[str], text: bool
) -> "pd.DataFrame":
    """Arrange the first printed metric with one group column side by side: texts with intervals, or means."""
    from raysc.results.table.groups import pivot_groups
    from raysc.results.table.number_format import interval_text, share_text

    if across not in groups:
        columns = ", ".join(groups) or "there is none"
        raise InputError(f"--pivot {across}: expected one of the columns of --by ({columns})")
    name = next(column for column in printed if column.endswith("_mean")).removesuffix("_mean")
    if text:
        numbers = [
            table[column] for column in (*(f"{name}_{part}" for part in ("mean", "low", "high", "count")), "count")
        ]
        texts = [
            f"{interval_text(mean, low, high)}{share_text(count, rows)}"
            for mean, low, high, count, rows in zip(*numbers, strict=True)
        ]
        table = table.assign(text=texts)
    return pivot_groups(table, groups, across, "text" if text else f"{name}_mean")


def _sort(table: "pd.DataFrame", column: str) -> "pd.DataFrame":
    from raysc.sweepfile.messages import did_you_mean

    name = column.removeprefix("-")
    if name not in table:
        raise InputError(f"--sort {name}: no such column{did_you_mean(name, [str(known) for known in table])}")
    return table.sort_values(name, ascending=name == column, kind="stable")


def _markup(table: "pd.DataFrame", sweep: "Sweep", latex: bool) -> str:
    from raysc.results.table import markup
    from raysc.results.table.number_format import value_text

    rows = [[value_text(value) for value in row.values()] for row in as_objects(table)]
    left = [printable(str(name)) for name in table if name in sweep.cells[0].axes]
    write = markup.latex if latex else markup.markdown
    return write([printable(str(name)) for name in table], rows, left)


def as_objects(table: "pd.DataFrame") -> list[dict[str, object]]:
    """Return rows as objects by column; NaN and other missing values are None."""
    plain = table.astype(object)
    rows = plain.where(plain.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def json_objects(table: "pd.DataFrame") -> list[dict[str, object]]:
    """Return rows as objects of valid JSON; missing values are None, infinite ones the texts inf and -inf."""
    return [{name: json_value(value) for name, value in row.items()} for row in as_objects(table)]


def json_value(value: object) -> object:
    """Return a value of valid JSON, which has no infinite numbers: inf and -inf as text, NaN as None."""
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return None if math.isnan(value) else str(value)


def _write_files(table: "pd.DataFrame", csv: Path | None, parquet: Path | None) -> None:
    """Write the table to the files that are named; ``-`` prints CSV."""
    from raysc.results.table.csv_text import csv_text

    if csv is not None and str(csv) == "-":
        typer.echo(csv_text(table), nl=False)
    elif csv is not None:
        _write(csv, csv_text(table).encode())
    if parquet is not None:
        _write(parquet, table.to_parquet(index=False))


def _write(file: Path, data: bytes) -> None:
    try:
        file.write_bytes(data)
    except OSError as error:
        raise InputError(f"{file}: cannot be written: {error.strerror}") from None
    typer.echo(f"wrote {file}", err=True)


def _shown_metrics(
    sweep: "Sweep", table: "pd.DataFrame", groups: Sequence[str], metrics: Sequence[str] | None
) -> list[str]:
    """Choose the metrics to print. Without --metric: the first column of each metric, its excess and row count."""
    from raysc.results.table.table import main_columns

    if metrics is not None:
        return list(metrics)
    main = main_columns(sweep)[: 1 if groups else None]
    suffixes = ("", "_excess") if groups else ("", "_rows", "_excess")
    return [name for column in main for suffix in suffixes if (name := f"{column.name}{suffix}") in table]


def _printed_statistics(grouped: "pd.DataFrame", groups: Sequence[str], metrics: Sequence[str]) -> list[str]:
    """Choose the statistics to print. A metric without a value in some rows has the number of the others before it."""
    columns = [*groups, "count", "diverged"]
    for name in metrics:
        some_missing = bool((grouped[f"{name}_count"] < grouped["count"]).any())
        columns += [f"{name}_count"] if some_missing else []
        columns += [f"{name}_{statistic}" for statistic in STATISTICS]
    return columns


def _print(table: "pd.DataFrame", names: Sequence[str]) -> None:
    """Print as many columns as fit on the terminal."""
    from rich.table import Table

    from raysc.results.table.number_format import value_text
    from raysc.results.table.terminal_table import empty_table, widest_table

    def build(columns: Sequence[str]) -> Table:
        printed = empty_table("", columns)
        for row in as_objects(table[list(columns)]):
            printed.add_row(*(value_text(value) for value in row.values()))
        return printed

    console = open_console()
    printed, omitted = widest_table(build, names, console.width)
    console.print(printed)
    if omitted:
        console.print(f"no room for {printable(', '.join(omitted))}; see --metric, --csv, --parquet, --json")
