"""The tidy table: one row per cell, seed and generation."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from raysc import registry
from raysc.metrics.core.metric import Column, Metric
from raysc.planning.resolved import Line, lines, measured_generations, measured_generations_of, metric_keys
from raysc.results.statistics.excess import excess, initial_quality
from raysc.results.table.collapse import collapse_generation
from raysc.results.table.store_reader import Wanted, read_lineages
from raysc.settings import Cell, Until
from raysc.store.objects import Objects
from raysc.sweepfile.sweep import Sweep

COUNTS = ["rows_real", "rows_synthetic", "optimiser_steps"]
PHASES = ["wait", "fit", "sample", "measure", "store"]


def load_table(sweep: Sweep, objects: Objects) -> pd.DataFrame:
    """Everything that a store holds of a sweep.

    Args:
        sweep: which cells, seeds, generations and metrics.
        objects: the store.

    Returns:
        One row per cell, seed and measured generation that is published, sorted; what is missing is absent. Columns:

        - cell (the line's number), the axes as ``Cell.axes`` names them, control, seed, generation
        - share: synthetic rows / all rows of the training set; rows_real, rows_synthetic, optimiser_steps
        - diverged: the model is not finite; so are all later ones of that seed, and their metrics are NaN
        - initial_quality: damage of generation 0 against real rows, by the sweep's ``initial_quality`` metric
        - collapse_generation: where a metric tells a collapse, the first generation at which it did (the first such
          metric's); NaN if none did
        - ended_generation, where the sweep has ``loop.until``: the generation that ended the seed, NaN if none did.
          Later ones have its metrics, no rows and no steps
        - for each column of each metric its value, <column>_floor (real against real) and <column>_excess over the
          control; <column>_rows, of a Fréchet distance of fewer rows than features: how many the smaller set has
        - seconds_wait, _fit, _sample, _measure, _store: a seed's share of the unit's wall time
        - lineage: address of the generation; parent: that of generation 0 where it is shared, that is from
          generation 1 on of a trained family

    Raises:
        Damaged: a published file is gone or was changed.
    """
    cells = lines(sweep)
    found = read_lineages(objects, _wanted(sweep, cells))
    columns = metric_columns(sweep)
    if found.empty:
        return pd.DataFrame(columns=_order(sweep, columns, found))
    addresses = [(line.number, address) for line in cells for address in _addresses(line)]
    table = pd.DataFrame(addresses, columns=["cell", "lineage"]).merge(found, on="lineage")
    table = table.sort_values(["cell", "seed", "generation"], ignore_index=True)
    for name in cells[0].cell.axes:
        table[name] = table["cell"].map(_axis(name, cells)) if name not in table else table[name]
    zeros = {line.number: line.keys.zero.rows for line in cells if line.keys.zero is not None}
    table["parent"] = table["cell"].map(zeros).astype(table["lineage"].dtype).where(table["generation"] > 0)
    table["control"] = table["cell"].map({line.number: line.cell.control for line in cells})
    # Nothing was trained on after a divergence: 0 / 0 rows is NaN.
    table["share"] = table["rows_synthetic"] / (table["rows_real"] + table["rows_synthetic"])
    table = table.assign(**{name: float("nan") for column in columns for name in _names(column) if name not in table})
    controls = controls_of([line.cell for line in cells])
    for column in columns:
        table[f"{column.name}_excess"] = excess(table, controls, column)
    table["initial_quality"] = initial_quality(table, quality_column(sweep))
    if sweep.until is not None:
        table = _with_ends(table, sweep.until, sweep.generations)
        table = table[table["generation"].isin(measured_generations(sweep))].reset_index(drop=True)
    for column in _telling_collapse(columns):
        table["collapse_generation"] = collapse_generation(table, column)
    return table[_order(sweep, columns, table)]


def metric_columns(sweep: Sweep) -> list[Column]:
    """The columns of a sweep's metrics, in order."""
    built: list[Metric] = [registry.build("metric", metric) for metric in sweep.metrics]
    return [column for metric in built for column in metric.columns]


def main_columns(sweep: Sweep) -> list[Column]:
    """The first column of each of a sweep's metrics, in order: what summaries and pictures show."""
    built: list[Metric] = [registry.build("metric", metric) for metric in sweep.metrics]
    return [metric.columns[0] for metric in built]


def quality_column(sweep: Sweep) -> Column:
    """The column by which generation 0 is judged."""
    names = [metric.name for metric in sweep.metrics]
    return main_columns(sweep)[names.index(sweep.initial_quality) if sweep.initial_quality else 0]


def controls_of(cells: Sequence[Cell]) -> dict[int, int]:
    """Cell -> its control, as places in the sweep; a cell that has none is left out."""
    return {number: cell.compared_with for number, cell in enumerate(cells) if cell.compared_with is not None}


def varying_axes(cells: Sequence[Cell]) -> list[str]:
    """The axes that tell cells apart: regime and lambda, and those that have more than one value."""
    return [
        name
        for name in cells[0].axes
        if name in ("regime", "lambda") or len({repr(cell.axes[name]) for cell in cells}) > 1
    ]


def _wanted(sweep: Sweep, cells: Iterable[Line]) -> list[Wanted]:
    """Every address of a sweep once."""
    seeds = frozenset(sweep.seeds)
    wanted: dict[str, Wanted] = {}
    for line in cells:
        metrics, generations = tuple(metric_keys(sweep, line)), measured_generations_of(sweep, line)
        lineage, *zero = _addresses(line)
        start = len(zero)
        later = tuple(t for t in generations if t >= start)
        wanted[lineage] = Wanted(lineage, seeds, start, later, metrics, line.untils)
        for address in zero:
            wanted[address] = Wanted(address, seeds, 0, generations[: generations[0] == 0], metrics)
    return list(wanted.values())


def _with_ends(table: pd.DataFrame, until: Until, generations: int) -> pd.DataFrame:
    """Say where seeds ended; of a pack that goes on for the sake of others, by the values that ended them."""
    ended = table["ended_generation"].fillna(table["generation"].where(until.reached(table[until.metric].to_numpy())))
    first = ended.groupby([table["cell"], table["seed"]]).transform("min")
    first = first.where(first <= generations)
    counts = table[COUNTS].where(~(table["generation"] > first), 0)
    return table.assign(ended_generation=first, **counts)


def _addresses(line: Line) -> list[str]:
    """Where a cell's generations lie: its lineage, and for a trained family generation 0's address."""
    zero = line.keys.zero
    return [line.keys.lineage] if zero is None else [line.keys.lineage, zero.rows]


def _axis(name: str, cells: Iterable[Line]) -> "pd.Series[Any]":
    """An axis by cell; whole numbers stay whole beside empty ones, mappings and lists become JSON."""
    values = [_plain(line.cell.axes[name]) for line in cells]
    given = [value for value in values if value is not None]
    whole = all(isinstance(value, int) and not isinstance(value, bool) for value in given)
    if name == "lambda":
        return pd.Series(values, dtype="float64")
    return pd.Series(values, dtype="Int64" if given and whole and len(given) < len(values) else None)


def _plain(value: Any) -> Any:
    return json.dumps(value, default=repr) if isinstance(value, Mapping | list | tuple) else value


def _telling_collapse(columns: Iterable[Column]) -> list[Column]:
    """The first column that tells a collapse, if there is one."""
    return [column for column in columns if column.collapsed is not None][:1]


def _names(column: Column) -> list[str]:
    return [column.name] if column.against == "neither" else [column.name, f"{column.name}_floor"]


def _few(column: Column, table: pd.DataFrame) -> list[str]:
    """The column that says from how few rows a metric is, where it was written."""
    return [name for name in (f"{column.name}_rows",) if name in table]


def _order(sweep: Sweep, columns: Sequence[Column], table: pd.DataFrame) -> list[str]:
    metrics = [name for column in columns for name in [*_names(column), f"{column.name}_excess", *_few(column, table)]]
    seconds = [name for phase in PHASES if (name := f"seconds_{phase}") in table]
    axes = list(sweep.cells[0].axes)
    front = ["cell", *axes, "control", "seed", "generation", "share", *COUNTS, "diverged", "initial_quality"]
    collapse = ["collapse_generation" for _ in _telling_collapse(columns)]
    ended = ["ended_generation"] if sweep.until is not None else []
    accepted = [name for name in ("acceptance_rate",) if name in table]
    return [*front, *accepted, *ended, *collapse, *metrics, *seconds, "lineage", "parent"]
