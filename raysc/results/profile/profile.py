"""The collapse profile of a sweep: each cell by each of the eight definitions of collapse."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from raysc import registry
from raysc.errors import InputError
from raysc.metrics import METRICS
from raysc.metrics.core.check import check_metrics
from raysc.metrics.core.metric import Aspect, Column
from raysc.planning.resolved import ResolvedCell, ResolvedSweep
from raysc.results.profile.curves import CurveReader
from raysc.results.profile.definitions import DEFAULT_FACTOR, DEFINITIONS, Definition, Evidence
from raysc.results.profile.estimates import Estimate
from raysc.results.profile.scaling import AXIS
from raysc.results.table.columns import main_columns, quality_column
from raysc.results.table.table import controls_of
from raysc.results.table.unmoved_weights import unmoved_generations
from raysc.seeds import share_seeds
from raysc.settings import Component


@dataclass(frozen=True)
class CellProfile:
    """The profile of a cell.

    Attributes:
        cell: the cell.
        generation: its last generation; -1 without results.
        estimates: name of a definition -> its estimate, in the order of ``DEFINITIONS``.
    """

    cell: ResolvedCell
    generation: int
    estimates: Mapping[str, Estimate]


@dataclass(frozen=True)
class Profile:
    """The profile of a sweep.

    Attributes:
        columns: name of a definition -> the column of the metric that serves it; None if the sweep has none.
        cells: profiles of the cells that are no controls, in the sweep's order.
        baseline: "the control's" or "generation 0's", whatever the cells are compared with; of the first cell.
        factor: the factor of a catastrophic rise.
    """

    columns: Mapping[str, Column | None]
    cells: Sequence[CellProfile]
    baseline: str
    factor: float

    def is_measured(self, definition: Definition) -> bool:
        """Return True if some cell has numbers for a definition."""
        return any(cell.estimates[definition.name].finding != "not measured" for cell in self.cells)

    def statement(self, definition: Definition) -> str:
        """Return the sentence that is judged."""
        return definition.statement.format(factor=f"{self.factor:g}", baseline=self.baseline)


def collapse_profile(resolved: ResolvedSweep, table: pd.DataFrame, factor: float = DEFAULT_FACTOR) -> Profile:
    """Judge each definition of collapse for each cell that is no control.

    Args:
        resolved: the sweep.
        table: from ``load_table``.
        factor: a rise of the risk above this factor is catastrophic; above 1.

    Raises:
        InputError: the factor is not above 1.
    """
    if not factor > 1:
        raise InputError(f"factor {factor:g}: a catastrophic rise needs a factor above 1")
    sweep, cells = resolved.sweep, resolved.cells
    columns = {
        definition.name: serving_column(definition.aspect, main_columns(sweep), quality_column(sweep))
        for definition in DEFINITIONS
    }
    controls = controls_of(sweep.cells)
    reader, unmoved = CurveReader(table, controls), unmoved_generations(table)
    profiles = []
    for cell in cells:
        if not cell.settings.control:
            profile = _cell_profile(cell, resolved, reader, columns, factor)
            seeds = {**unmoved.get(controls.get(cell.number, cell.number), {}), **unmoved.get(cell.number, {})}
            profiles.append(_without_verdicts(profile, len(seeds)) if seeds else profile)
    first = profiles[0].cell.number if profiles else 0
    baseline = "the control's" if controls.get(first, first) != first else "generation 0's"
    return Profile(columns, profiles, baseline, factor)


def serving_column(aspect: Aspect, columns: Sequence[Column], quality: Column) -> Column | None:
    """Return the column that measures an aspect: the sweep's metric of quality if it does, else the first that does."""
    serving = [column for column in (quality, *columns) if column.aspect == aspect]
    return serving[0] if serving else None


def metric_to_add(aspect: Aspect, cell: ResolvedCell) -> str | None:
    """Return a metric that measures an aspect on a cell's data and family; None if raysc has none."""
    for name in METRICS:
        metric = registry.build("metric", Component(name=name))
        if metric.columns[0].aspect != aspect:
            continue
        try:
            check_metrics([metric], cell.data, cell.family, cell.rules.sample_rows)
        except InputError:
            continue
        return name
    return None


def _cell_profile(
    cell: ResolvedCell,
    resolved: ResolvedSweep,
    reader: CurveReader,
    columns: Mapping[str, Column | None],
    factor: float,
) -> CellProfile:
    estimates, generation = {}, -1
    group = [other.number for other in resolved.cells if _same_but_for_rows(other, cell)]
    for definition in DEFINITIONS:
        column = columns[definition.name]
        if column is None:
            add = metric_to_add(definition.aspect, cell)
            note = f"add {add}" if add else f"no metric of {cell.data.kind} measures it"
            estimates[definition.name] = Estimate("not measured", note=note)
            continue
        if share_seeds(resolved.sweep.seeds):
            note = "replicates share seeds of some purpose: the profile needs `seeds` as a number"
            estimates[definition.name] = Estimate("undecided", note=note)
            continue
        curves = reader.curves(cell.number, column)
        if curves is None:
            estimates[definition.name] = Estimate("undecided", note="no results")
            continue
        generation = int(curves.generations[-1])
        by_rows = {resolved.cells[number].data.count: reader.curves(number, column) for number in group}
        present = {rows: other for rows, other in by_rows.items() if other is not None}
        estimates[definition.name] = definition.judge(Evidence(curves, present, factor))
    return CellProfile(cell, generation, estimates)


def _without_verdicts(profile: CellProfile, seeds: int) -> CellProfile:
    """Leave a cell undecided whose weights, or its control's, did not move in some seeds: they say nothing."""
    note = f"weights did not move in {seeds} seed{'s' * (seeds > 1)}"
    estimates = {
        name: estimate if estimate.finding == "not measured" else replace(estimate, finding="undecided", note=note)
        for name, estimate in profile.estimates.items()
    }
    return replace(profile, estimates=estimates)


def _same_but_for_rows(cell: ResolvedCell, other: ResolvedCell) -> bool:
    first, second = (
        {name: value for name, value in each.settings.axes.items() if name != AXIS} for each in (cell, other)
    )
    return cell.settings.control == other.settings.control and first == second
