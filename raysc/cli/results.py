"""raysc results: the table."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raysc.cli.arguments import Overrides, Storage, SweepArgument, nothing_yet, open_console, open_sweep
from raysc.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from raysc.sweepfile import Sweep

LEADING = ("seed", "generation", "share")
"""What is printed of every row beside the cell, the axes that vary and the metrics; files have all columns."""

AVERAGES = ("mean", "sd", "median", "q05", "q95")

PARTS = (AVERAGES[0], "low", "high", *AVERAGES[1:])
"""With the limits of the mean's 95 % interval beside it."""


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
        str | None, typer.Option(help="With --by: this one of its columns side by side, with means [95 % intervals].")
    ] = None,
    sort: Annotated[str | None, typer.Option(help="Sort by this column; -COLUMN begins with the largest.")] = None,
    against: Annotated[
        str | None, typer.Option(metavar="SWEEP", help="Compare with another sweep's equal cells, paired by seed.")
    ] = None,
    overrides: Overrides = None,
    storage: Storage = None,
) -> None:
    """Print or write the table: one row per cell, seed and generation."""
    from raysc.planning.resolved import measured_generations
    from raysc.results.table.grouped import with_intervals
    from raysc.results.table.selection import at_generation, averaged, metric_names
    from raysc.results.table.table import load_table

    sweep, objects = open_sweep(sweep_file, storage, overrides)
    whole = load_table(sweep, objects)
    table = at_generation(whole, generation, measured_generations(sweep))
    names = metric_names(table, sweep, metric or ())
    table = table.drop(columns=[name for name in metric_names(table, sweep, ()) if name not in names])
    groups = [name.strip() for name in by.split(",")] if by else []
    if groups and generation == "all" and "generation" not in groups:
        groups.append("generation")
    if table.empty:
        raise nothing_yet(sweep, objects)
    printed = _printed(sweep, table, groups, names if metric else None)
    if against is not None:
        if groups or pivot:
            raise InputError("--against compares cells: leave --by and --pivot out")
        numbers = csv is not None or parquet is not None or as_json
        table = _against(sweep, whole, against, storage, generation, metric, numbers)
        printed = [str(name) for name in table]
    elif groups:
        table = with_intervals(averaged(table, groups, names), table, groups, names)
    if pivot is not None:
        table = _pivoted(table, groups, pivot, printed, text=csv is None and parquet is None and not as_json)
        printed = [str(name) for name in table]
    if sort is not None:
        table = _sorted(table, sort)
    if csv is not None:
        _write(csv, table.to_csv(index=False).encode())
    if parquet is not None:
        _write(parquet, table.to_parquet(index=False))
    if as_json:
        typer.echo(json.dumps(objects_of(table), indent=1, allow_nan=False))
    if as_markdown or as_latex:
        typer.echo(_marked_up(table[printed], sweep, latex=as_latex), nl=False)
    elif csv is None and parquet is None and not as_json:
        _print(table, printed)


def _against(
    sweep: "Sweep",
    table: "pd.DataFrame",
    other: str,
    storage: str | None,
    generation: str,
    metric: list[str] | None,
    numbers: bool,
) -> "pd.DataFrame":
    """The comparison with another sweep, at one generation; as numbers, or each metric as text with its interval."""
    from raysc.results.table.comparison import compared, in_words
    from raysc.results.table.table import load_table, main_columns, metric_columns

    if generation == "all":
        raise InputError("--against compares one generation: give --generation a number, or leave it out for the last")
    second, objects = open_sweep(other, storage, None)
    theirs = {column.name for column in metric_columns(second)}
    columns = [column for column in metric_columns(sweep) if column.name in metric] if metric else main_columns(sweep)
    columns = [column for column in columns if column.name in theirs]
    if not columns:
        raise InputError(f"--against {other}: it has none of these metrics")
    at = None if generation == "last" else int(generation)
    found = compared(table, load_table(second, objects), list(sweep.cells[0].axes), columns, at)
    return found if numbers else in_words(found, columns)


def _pivoted(
    table: "pd.DataFrame", groups: Sequence[str], across: str, printed: Sequence[str], text: bool
) -> "pd.DataFrame":
    """The first printed metric with one of the groups' columns side by side; as text with its interval, or means."""
    from raysc.results.table.grouped import pivoted
    from raysc.results.table.text import interval_text

    if across not in groups:
        there = ", ".join(groups) or "there is none"
        raise InputError(f"--pivot {across}: expected one of the columns of --by ({there})")
    name = next(column for column in printed if column.endswith("_mean")).removesuffix("_mean")
    limits = [table[f"{name}_{part}"] for part in ("mean", "low", "high")]
    if text:
        table = table.assign(shown=[interval_text(*numbers) for numbers in zip(*limits, strict=True)])
    return pivoted(table, groups, across, "shown" if text else f"{name}_mean")


def _sorted(table: "pd.DataFrame", column: str) -> "pd.DataFrame":
    from raysc.sweepfile.messages import did_you_mean

    name = column.removeprefix("-")
    if name not in table:
        raise InputError(f"--sort {name}: no such column{did_you_mean(name, [str(one) for one in table])}")
    return table.sort_values(name, ascending=name == column, kind="stable")


def _marked_up(table: "pd.DataFrame", sweep: "Sweep", latex: bool) -> str:
    from raysc.results.table import markup
    from raysc.results.table.text import value_text

    rows = [[value_text(value) for value in row.values()] for row in objects_of(table)]
    columns = [str(name) for name in table]
    write = markup.latex if latex else markup.markdown
    return write(columns, rows, left=[name for name in columns if name in sweep.cells[0].axes])


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


def _printed(sweep: "Sweep", table: "pd.DataFrame", groups: Sequence[str], metrics: Sequence[str] | None) -> list[str]:
    """The columns that are printed; of metrics, if none was asked for, the first column and its excess.

    Of a Fréchet distance of too few rows, their number too.
    """
    from raysc.results.table.table import main_columns, varying_axes

    if metrics is None:
        main = main_columns(sweep)[: 1 if groups else None]
        parts = ("", "_excess") if groups else ("", "_rows", "_excess")
        metrics = [name for column in main for part in parts if (name := f"{column.name}{part}") in table]
    if groups:
        return [*groups, "count", "diverged", *(f"{name}_{part}" for name in metrics for part in PARTS)]
    return ["cell", *varying_axes(sweep.cells), *LEADING, *metrics]


def _print(table: "pd.DataFrame", names: Sequence[str]) -> None:
    """As many columns as a terminal has room for."""
    from rich.table import Table

    from raysc.results.table.text import empty_table, value_text, widest

    def build(columns: Sequence[str]) -> Table:
        shown = empty_table("", columns)
        for row in objects_of(table[list(columns)]):
            shown.add_row(*(value_text(value) for value in row.values()))
        return shown

    console = open_console()
    shown, left_out = widest(build, names, console.width)
    console.print(shown)
    if left_out:
        console.print(f"no room for {', '.join(left_out)}; see --metric, --csv, --parquet, --json")
