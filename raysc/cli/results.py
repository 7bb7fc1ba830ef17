"""raysc results: the table of a sweep."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from raysc.cli.arguments import Overrides, Storage, SweepArgument
from raysc.cli.results_text import group_text, grouping, plain_text, print_table, shown_metrics
from raysc.cli.sweep_comparison import comparison_table
from raysc.display import print_lines
from raysc.errors import InputError
from raysc.planning.open_sweep import no_results, open_sweep

if TYPE_CHECKING:
    import pandas as pd

    from raysc.planning.resolved import ResolvedSweep
    from raysc.store.objects import Objects
    from raysc.sweepfile import Sweep


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
    wide: Annotated[bool, typer.Option("--wide", help="Print every statistic in a column of its own.")] = False,
    against: Annotated[
        str | None, typer.Option(metavar="SWEEP", help="Compare with another sweep's equal cells, paired by seed.")
    ] = None,
    overrides: Overrides = None,
    storage: Storage = None,
) -> None:
    """Print the mean of each metric over seeds [95 % interval], for all axes that vary; or write the whole table.

    Files and --json have one row per cell, seed and generation, unless --by groups them.
    """
    from raysc.planning.resolved import measured_generations
    from raysc.results.table.selection import at_generation, metric_names
    from raysc.results.table.table import load_table
    from raysc.results.thresholds.resolution import resolve_in_store

    sweep, objects = open_sweep(sweep_file, storage, overrides)
    resolved = resolve_in_store(sweep, objects)
    sweep = resolved.sweep
    whole = load_table(resolved, objects)
    table = at_generation(whole, generation, measured_generations(sweep))
    names = metric_names(table, sweep, metric or ())
    table = table.drop(columns=[name for name in metric_names(table, sweep, ()) if name not in names])
    if table.empty:
        raise no_results(sweep, objects)
    numbers = csv is not None or parquet is not None or as_json
    markup: Literal["latex", "markdown"] | None = "latex" if as_latex else "markdown" if as_markdown else None
    if against is not None:
        if by or pivot:
            raise InputError("--against compares cells: leave --by and --pivot out")
        table = _sorted(comparison_table(resolved, whole, against, storage, generation, metric, numbers), sort)
        shown = None if numbers else plain_text(table, resolved)
    else:
        groups = grouping(by, generation, sweep, table, numbers)
        grouped = _sorted(_grouped(table, groups, names, sweep), sort) if groups else _sorted(table, sort)
        if pivot is not None:
            _check_pivot(pivot, groups)
        shown = None
        if not numbers or markup:
            columns = shown_metrics(sweep, table, names if metric else None)
            shown = group_text(resolved, table, grouped, groups, columns, pivot, wide)
        table = grouped if pivot is None else _pivot(grouped, groups, pivot, shown_metrics(sweep, table, names)[0])
    _write_files(table, csv, parquet)
    if as_json:
        typer.echo(json.dumps(json_objects(table), indent=1, allow_nan=False))
    if markup and shown is not None:
        typer.echo(shown.markup(markup), nl=False)
    elif shown is not None:
        print_table(shown.table)
        _print_thresholds(resolved, whole, objects)
        _print_early_ends(sweep, whole)
        _print_rates(resolved, whole)


def _print_thresholds(resolved: "ResolvedSweep", table: "pd.DataFrame", objects: "Objects") -> None:
    """Print the answer of each search for a threshold."""
    if resolved.sweep.search is None:
        return
    from raysc.results.thresholds.answers import answer_texts

    for text in answer_texts(resolved, table, objects):
        print_lines(text)


def _print_early_ends(sweep: "Sweep", table: "pd.DataFrame") -> None:
    """Print how many runs ended early, if any did."""
    from raysc.results.table.early_ends import early_ends_text

    if text := early_ends_text(sweep, table):
        print_lines(text)


def _print_rates(resolved: "ResolvedSweep", table: "pd.DataFrame") -> None:
    """Print the rate of contraction of each cell whose loop has a fork, and the exponents of ``scaling``."""
    from raysc.results.contraction.tables import contraction_frame, contraction_texts, has_forks
    from raysc.results.scaling.tables import scaling_frame, scaling_texts

    texts = contraction_texts(contraction_frame(resolved, table)) if has_forks(resolved) else []
    texts += scaling_texts(scaling_frame(resolved, table)) if resolved.sweep.scaling is not None else []
    for text in texts:
        print_lines(text)


def _grouped(table: "pd.DataFrame", groups: Sequence[str], names: Sequence[str], sweep: "Sweep") -> "pd.DataFrame":
    """Return the statistics of metrics over seeds for each group."""
    from raysc.results.table.columns import columns_by_name, metric_columns
    from raysc.results.table.groups import aggregate_by

    return aggregate_by(table, groups, names, columns_by_name(metric_columns(sweep)))


def _check_pivot(across: str, groups: Sequence[str]) -> None:
    if across not in groups:
        columns = ", ".join(groups) or "there is none"
        raise InputError(f"--pivot {across}: expected one of the columns of --by ({columns})")


def _pivot(grouped: "pd.DataFrame", groups: Sequence[str], across: str, metric: str) -> "pd.DataFrame":
    """Arrange the means of a metric with one group column side by side."""
    from raysc.results.table.groups import pivot_groups

    return pivot_groups(grouped, groups, across, f"{metric}_mean")


def _sorted(table: "pd.DataFrame", column: str | None) -> "pd.DataFrame":
    """Sort by a column; the name of a metric stands for its mean in a table of groups."""
    from raysc.sweepfile.messages import did_you_mean

    if column is None:
        return table
    name = column.removeprefix("-")
    known = name if name in table else f"{name}_mean"
    if known not in table:
        raise InputError(f"--sort {name}: no such column{did_you_mean(name, [str(column) for column in table])}")
    return table.sort_values(known, ascending=name == column, kind="stable")


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
