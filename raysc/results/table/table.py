"""The tidy table: one row per cell, seed and generation."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from raysc.metrics.core.metric import Column
from raysc.planning.resolved import (
    ResolvedCell,
    ResolvedSweep,
    measured_generations,
    measured_generations_of,
)
from raysc.results.statistics.excess import excess, initial_quality
from raysc.results.table.collapse import collapse_generation
from raysc.results.table.columns import PHASES, metric_columns, quality_column, targets_of, value_columns
from raysc.results.table.store_reader import LineageQuery, read_lineages
from raysc.seeds import are_crossed, generation_zero_pack, split, varied_purposes
from raysc.settings import CellSettings, Until
from raysc.store.objects import Objects
from raysc.sweepfile.sweep import Sweep

COUNTS = ["rows_real", "rows_synthetic", "optimiser_steps"]


def load_table(resolved: ResolvedSweep, objects: Objects) -> pd.DataFrame:
    """Read the tidy table of a sweep from a store.

    Args:
        resolved: the sweep, with its cells, seeds, generations and metrics.
        objects: the store.

    Returns:
        One row per cell, seed and measured generation that is published, sorted. Columns:

        - cell (its number), the axes under the names of ``CellSettings.axes``, control, seed, generation
        - data_seed, initial_seed, train_seed and sample_seed, those of which the sweep has several (``raysc.seeds``)
        - share: synthetic rows / all rows of the training set; rows_real, rows_synthetic, optimiser_steps
        - diverged: the model is not finite, nor are all later models of the seed; their metrics are NaN
        - weights_moved and skipped_steps, if a generation has weights that did not move, although its learning rate was
          not 0, or steps that loss scaling skipped
        - initial_quality: damage of generation 0 against real rows, by the sweep's ``initial_quality`` metric
        - collapse_generation, if a metric has a collapse threshold: the first generation beyond it (of the first such
          metric); NaN without a collapse
        - ended_generation, if the sweep has ``loop.until``: the generation that ended the seed, NaN if none did. Later
          generations have its metrics, no rows and no steps; with ``later: absent`` they have no row in the table
        - for each column of each metric its value, <column>_floor (real against real) and <column>_excess over the
          control; <column>_rows, for a Fréchet distance of fewer rows than features: the size of the smaller set
        - seconds_wait, _fit, _sample, _measure, _store: a seed's share of the unit's wall time
        - lineage: key of the generation; parent: key of generation 0 if cells share it, that is from generation 1 on of
          a trained family

    Raises:
        DamagedObjectError: a published file is missing or was changed.
    """
    sweep, cells = resolved.sweep, resolved.cells
    rows = read_lineages(objects, _queries(resolved))
    columns = metric_columns(sweep)
    if rows.empty:
        return pd.DataFrame(columns=_order(sweep, columns, rows))
    if are_crossed(sweep.seeds):
        rows = _with_own_generation_zeros(rows, resolved)
    keys = [(cell.number, key) for cell in cells for key in _lineage_keys(cell)]
    table = pd.DataFrame(keys, columns=["cell", "lineage"]).merge(rows, on="lineage")
    if sweep.runs_by_cell:  # cells with fewer seeds share generation 0s with cells that have more
        requested = {(cell.number, seed) for cell in cells for seed in sweep.seeds_of(cell.number)}
        table = table[[run in requested for run in zip(table["cell"], table["seed"], strict=True)]]
    table = table.sort_values(["cell", "seed", "generation"], ignore_index=True)
    if "weights_moved" in table:  # recorded only where something is amiss
        moved = table["weights_moved"].fillna(True).astype(bool)
        table = table.assign(weights_moved=moved, skipped_steps=table["skipped_steps"].fillna(0).astype(int))
    for name in cells[0].settings.axes:
        table[name] = table["cell"].map(_axis(name, cells)) if name not in table else table[name]
    for purpose in varied_purposes(sweep.seeds):
        table[f"{purpose}_seed"] = [getattr(split(seed), purpose) for seed in table["seed"]]
    parents = {cell.number: cell.keys.generation_zero.rows for cell in cells if cell.keys.generation_zero is not None}
    table["parent"] = table["cell"].map(parents).astype(table["lineage"].dtype).where(table["generation"] > 0)
    table["control"] = table["cell"].map({cell.number: cell.settings.control for cell in cells})
    # After a divergence there is no training set: 0 / 0 rows is NaN.
    table["share"] = table["rows_synthetic"] / (table["rows_real"] + table["rows_synthetic"])
    table = table.assign(
        **{name: float("nan") for column in columns for name in value_columns(column) if name not in table}
    )
    controls = controls_of([cell.settings for cell in cells])
    for column in columns:
        table[f"{column.name}_excess"] = excess(table, controls, column, targets_of(column, cells))
    table["initial_quality"] = initial_quality(table, quality_column(sweep))
    if sweep.until is not None:
        table = _with_ends(table, sweep.until, {cell.number: cell.generations for cell in cells})
        table = table[table["generation"].isin(measured_generations(sweep))].reset_index(drop=True)
    for column in _collapse_columns(columns):
        table["collapse_generation"] = collapse_generation(table, column)
    return table[_order(sweep, columns, table)]


def controls_of(cells: Sequence[CellSettings]) -> dict[int, int]:
    """Map each cell to its control, both as indices in the sweep; cells without one are left out."""
    return {number: cell.compared_with for number, cell in enumerate(cells) if cell.compared_with is not None}


def varying_axes(cells: Sequence[CellSettings]) -> list[str]:
    """Return the axes that distinguish cells: regime, lambda, and those with more than one value."""
    return [
        name
        for name in cells[0].axes
        if name in ("regime", "lambda") or len({repr(cell.axes[name]) for cell in cells}) > 1
    ]


def _queries(resolved: ResolvedSweep) -> list[LineageQuery]:
    """Return a query for each distinct lineage key of a sweep."""
    sweep = resolved.sweep
    queries: dict[str, LineageQuery] = {}
    for cell in resolved.cells:
        seeds = frozenset(resolved.seeds_by_lineage[cell.keys.lineage])
        metrics, generations = resolved.metric_keys[cell.number], measured_generations_of(sweep, cell)
        lineage, *shared = _lineage_keys(cell)
        later = tuple(t for t in generations if t >= len(shared))
        generation_zero = shared[0] if shared else ""
        queries[lineage] = LineageQuery(lineage, seeds, later, metrics, generation_zero, cell.untils)
        for key in shared:
            start_seeds = frozenset(generation_zero_pack(seeds))
            start_seeds |= queries[key].seeds if key in queries else frozenset()
            queries[key] = LineageQuery(key, start_seeds, generations[: generations[0] == 0], metrics)
    return list(queries.values())


def _with_own_generation_zeros(rows: pd.DataFrame, resolved: ResolvedSweep) -> pd.DataFrame:
    """Return rows in which every seed has a generation 0: seeds that share one have equal rows."""
    shared = {cell.keys.generation_zero.rows for cell in resolved.cells if cell.keys.generation_zero is not None}
    is_shared = rows["lineage"].isin(shared)
    seeds = resolved.sweep.seeds
    by_start = pd.DataFrame({"seed": generation_zero_pack(seeds), "of_loop": seeds})
    of_loops = rows[is_shared].merge(by_start, on="seed").drop(columns="seed").rename(columns={"of_loop": "seed"})
    return pd.concat([rows[~is_shared], of_loops[rows.columns]], ignore_index=True)


def _with_ends(table: pd.DataFrame, until: Until, generations: Mapping[int, int]) -> pd.DataFrame:
    """Fill in ended_generation, and set the counts of later generations to 0.

    A seed of a pack that goes on for its other seeds has no recorded end. Its end follows from the metric's values.
    """
    ended = table["ended_generation"].fillna(table["generation"].where(until.reached(table[until.metric].to_numpy())))
    first = ended.groupby([table["cell"], table["seed"]]).transform("min")
    first = first.where(first <= table["cell"].map(generations))
    counts = table[COUNTS].where(~(table["generation"] > first), 0)
    table = table.assign(ended_generation=first, **counts)
    return table if until.later == "repeat" else table[~(table["generation"] > first)]


def _lineage_keys(cell: ResolvedCell) -> list[str]:
    """Return the keys of a cell's generations: its lineage, and for a trained family the rows of generation 0."""
    generation_zero = cell.keys.generation_zero
    return [cell.keys.lineage] if generation_zero is None else [cell.keys.lineage, generation_zero.rows]


def _axis(name: str, cells: Iterable[ResolvedCell]) -> "pd.Series[Any]":
    """Return an axis by cell. Integers stay integers beside empty values; mappings and lists become JSON.

    A column of a table has one type: numbers and booleans beside values of another type become JSON, too.
    """
    values = [_plain(cell.settings.axes[name]) for cell in cells]
    if len({_column_type(value) for value in values if value is not None}) > 1:
        values = [value if value is None or isinstance(value, str) else json.dumps(value) for value in values]
    present = [value for value in values if value is not None]
    integers = all(isinstance(value, int) and not isinstance(value, bool) for value in present)
    if name == "lambda":
        return pd.Series(values, dtype="float64")
    return pd.Series(values, dtype="Int64" if present and integers and len(present) < len(values) else None)


def _column_type(value: Any) -> type:
    """Return the type of a value's column: bool, float for all numbers, str."""
    if isinstance(value, bool):
        return bool
    return float if isinstance(value, int | float) else type(value)


def _plain(value: Any) -> Any:
    return json.dumps(value, default=repr) if isinstance(value, Mapping | list | tuple) else value


def _collapse_columns(columns: Iterable[Column]) -> list[Column]:
    """Return the first column with a collapse threshold, or no column."""
    return [column for column in columns if column.collapse_threshold is not None][:1]


def _row_columns(column: Column, table: pd.DataFrame) -> list[str]:
    """Return the column with the number of rows of a metric, if the table has it."""
    return [name for name in (f"{column.name}_rows",) if name in table]


def _order(sweep: Sweep, columns: Sequence[Column], table: pd.DataFrame) -> list[str]:
    metrics = [
        name
        for column in columns
        for name in [*value_columns(column), f"{column.name}_excess", *_row_columns(column, table)]
    ]
    seconds = [name for phase in PHASES if (name := f"seconds_{phase}") in table]
    axes = list(sweep.cells[0].axes)
    purposes = [f"{purpose}_seed" for purpose in varied_purposes(sweep.seeds)]
    front = ["cell", *axes, "control", "seed", *purposes, "generation", "share", *COUNTS, "diverged", "initial_quality"]
    collapse = ["collapse_generation" for _ in _collapse_columns(columns)]
    ended = ["ended_generation"] if sweep.until is not None else []
    recorded = [name for name in ("acceptance_rate", "weights_moved", "skipped_steps") if name in table]
    return [*front, *recorded, *ended, *collapse, *metrics, *seconds, "lineage", "parent"]
