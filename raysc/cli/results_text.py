"""raysc results as text: the table on the terminal, in Markdown and in LaTeX."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from raysc.display import open_console, print_lines
from raysc.formatting import printable

if TYPE_CHECKING:
    import pandas as pd

    from raysc.planning.resolved import ResolvedSweep
    from raysc.sweepfile import Sweep

STATISTICS = ("mean", "low", "high", "sd", "median", "min", "max")
"""Statistics over seeds of each metric with --wide; low and high limit the 95 % interval of the mean."""

MAX_OMITTED = 8
"""Number of columns without room that are named."""


@dataclass(frozen=True)
class TextTable:
    """A table to print.

    Attributes:
        table: texts and numbers, under the names of the tidy table.
        resolved: the sweep.
        best: (row, column) of the best mean of each metric, from 0.
    """

    table: "pd.DataFrame"
    resolved: "ResolvedSweep"
    best: frozenset[tuple[int, int]] = frozenset()

    def markup(self, language: Literal["latex", "markdown"]) -> str:
        """Return the table in LaTeX or Markdown, with headings as a paper has them and the best means in bold."""
        from raysc.results.plots.names import PaperNames
        from raysc.results.table import markup

        sweep = self.resolved.sweep
        names = PaperNames(sweep.labels, usetex=language == "latex")
        headings = [printable(names.heading(str(name), sweep)) for name in self.table]
        texts = _texts(self.table)
        axes = sweep.cells[0].axes
        left = [heading for heading, name in zip(headings, self.table, strict=True) if name in axes]
        regime = list(self.table).index("regime") if "regime" in self.table else None
        rows = [
            [text.replace("_", " ") if column == regime else text for column, text in enumerate(row)] for row in texts
        ]
        return (markup.latex if language == "latex" else markup.markdown)(headings, rows, left, self.best)


def grouping(by: str | None, generation: str, sweep: "Sweep", table: "pd.DataFrame", numbers: bool) -> list[str]:
    """Return the columns that a table is grouped by.

    Args:
        by: columns of --by; else all axes that vary, on the terminal, or none, in files.
        generation: with "all", each generation is a group.
        sweep: the sweep.
        table: the rows.
        numbers: the table goes to files.
    """
    from raysc.results.table.table import varying_axes

    groups = [name.strip() for name in by.split(",")] if by else []
    if not groups and not numbers:
        groups = varying_axes(sweep.cells)
        if table.groupby("cell")["generation"].first().nunique() > 1:
            groups.append("generation")
    if groups and generation == "all" and "generation" not in groups:
        groups.append("generation")
    return groups


def shown_metrics(sweep: "Sweep", table: "pd.DataFrame", metrics: Sequence[str] | None) -> list[str]:
    """Choose the metrics to print. Without --metric: the first column of each metric, and the first one's excess."""
    from raysc.results.table.columns import main_columns
    from raysc.results.table.table import controls_of

    if metrics is not None:
        return list(metrics)
    first, *further = [column.name for column in main_columns(sweep)]
    return [first, *([f"{first}_excess"] if controls_of(sweep.cells) else []), *further]


def group_text(
    resolved: "ResolvedSweep",
    rows: "pd.DataFrame",
    grouped: "pd.DataFrame",
    groups: Sequence[str],
    metrics: Sequence[str],
    pivot: str | None,
    wide: bool,
) -> TextTable:
    """Return the statistics of groups as texts, with one column per metric; with ``wide`` one per statistic.

    Args:
        resolved: the sweep.
        rows: the rows that were grouped.
        grouped: from ``aggregate``.
        groups: columns of the groups.
        metrics: columns to print.
        pivot: the group column whose values stand side by side, for the first metric.
        wide: every statistic has a column.
    """
    from raysc.results.table.columns import metric_columns, targets_of
    from raysc.results.table.compact import best_groups, compact_table, control_groups, metric_of
    from raysc.results.table.groups import pivot_groups

    if wide:
        statistics = [f"{name}_{part}" for name in metrics for part in (*STATISTICS, "count")]
        return TextTable(grouped[[*groups, "seeds", "count", "diverged", *statistics]], resolved)
    table = compact_table(grouped, rows, groups, metrics)
    if pivot is not None:
        return TextTable(pivot_groups(table, groups, pivot, metrics[0]), resolved)
    controls = control_groups(grouped, rows, groups)
    columns = {column.name: column for column in metric_columns(resolved.sweep)}
    best = set()
    for name in metrics:
        column = metric_of(name, columns)
        if column is not None:
            target = next(iter(targets_of(column, resolved.cells).values()), float("nan"))
            index = list(table).index(name)
            marked = best_groups(grouped, name, column, controls, target)
            best |= {(row, index) for row, is_best in enumerate(marked) if is_best}
    return TextTable(table, resolved, frozenset(best))


def plain_text(table: "pd.DataFrame", resolved: "ResolvedSweep") -> TextTable:
    """Return a table that is printed as it is."""
    return TextTable(table, resolved)


def print_table(table: "pd.DataFrame") -> None:
    """Print as many columns as fit on the terminal; the only excess has a short heading."""
    excesses = [str(name) for name in table if str(name).endswith("_excess")]
    if len(excesses) == 1:
        table = table.rename(columns={excesses[0]: "excess"})
    omitted = print_plain_table(table)
    if omitted:
        text = ", ".join(omitted) if len(omitted) <= MAX_OMITTED else f"{len(omitted)} more columns"
        print_lines(f"no room for {text}; see --metric, --csv, --parquet, --json")


def print_plain_table(table: "pd.DataFrame", left: Sequence[str] = ("regime",)) -> Sequence[str]:
    """Print as many columns as fit on the terminal, and return the names of the others.

    Args:
        table: numbers and texts.
        left: columns that are aligned to the left.
    """
    from rich.table import Table

    from raysc.results.table.terminal_table import empty_table, widest_table

    def build(columns: Sequence[str]) -> Table:
        printed = empty_table("", columns, left)
        for row in _texts(table[list(columns)]):
            printed.add_row(*row)
        return printed

    console = open_console()
    printed, omitted = widest_table(build, [str(name) for name in table], console.width)
    console.print(printed)
    return omitted


def _texts(table: "pd.DataFrame") -> list[list[str]]:
    """Return the texts of all entries, row by row."""
    from raysc.results.table.number_format import value_text

    plain = table.astype(object)
    return [[value_text(value) for value in row] for row in plain.where(plain.notna(), None).to_numpy().tolist()]
