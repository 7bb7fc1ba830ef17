"""raysc results --against: two sweeps side by side."""

from typing import TYPE_CHECKING

from raysc.errors import InputError
from raysc.planning.open_sweep import open_sweep

if TYPE_CHECKING:
    import pandas as pd

    from raysc.planning.resolved import ResolvedSweep


def comparison_table(
    resolved: "ResolvedSweep",
    table: "pd.DataFrame",
    other: str,
    storage: str | None,
    generation: str,
    metric: list[str] | None,
    numbers: bool,
) -> "pd.DataFrame":
    """Compare a sweep with another one at one generation.

    Args:
        resolved: the sweep.
        table: its table, all generations.
        other: the other sweep, as on the command line.
        storage: the store of the other sweep.
        generation: a number or "last".
        metric: columns to compare; None: the first column of each metric.
        numbers: return numbers; else each metric as text with its interval.
    """
    from raysc.results.table.columns import main_columns, metric_columns, targets_of
    from raysc.results.table.sweep_comparison import compare_sweeps, interval_texts
    from raysc.results.table.table import load_table
    from raysc.results.thresholds.resolution import resolve_in_store

    if generation == "all":
        raise InputError("--against compares one generation: give --generation a number, or leave it out for the last")
    sweep = resolved.sweep
    second, objects = open_sweep(other, storage)
    shared = {column.name for column in metric_columns(second)}
    columns = [column for column in metric_columns(sweep) if column.name in metric] if metric else main_columns(sweep)
    columns = [column for column in columns if column.name in shared]
    if not columns:
        raise InputError(f"--against {other}: it has none of these metrics")
    t = None if generation == "last" else int(generation)
    second_table = load_table(resolve_in_store(second, objects), objects)
    targets = {column.name: targets_of(column, resolved.cells) for column in columns}
    compared = compare_sweeps(table, second_table, list(sweep.cells[0].axes), columns, t, targets)
    return compared if numbers else interval_texts(compared, columns)
