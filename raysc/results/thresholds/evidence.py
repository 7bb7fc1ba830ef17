"""The evidence of the searches of a sweep, from its table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any

import numpy as np
import pandas as pd

from raysc.metrics.core.metric import Better, Column
from raysc.planning.resolved import ResolvedSweep
from raysc.results.statistics.excess import damage
from raysc.results.table.selection import metric_column
from raysc.results.table.table import controls_of
from raysc.results.table.work_hours import unit_hours
from raysc.results.thresholds.axis_scale import AxisScale
from raysc.results.thresholds.criterion import Probe, contraction_probe, tolerance_probe
from raysc.results.thresholds.proposals import Answer, Proposal, SearchSettings, next_step
from raysc.sweepfile.measured_generations import generations_measured
from raysc.sweepfile.threshold_search import Probes, Runs, ThresholdSearch


@dataclass(frozen=True)
class Search:
    """One search of a sweep, as far as its store has it.

    Attributes:
        where: the axes of its point of ``space`` with their values, those that vary over the searches.
        settings: its settings.
        probes: the evidence of all rounds whose runs are published, in ascending order of the values.
        step: what to run next, or the answer.
        hours: hours of work of the units of ``probes`` and their controls, each generation of a seed counted once.
    """

    where: dict[str, Any]
    settings: SearchSettings
    probes: tuple[Probe, ...]
    step: tuple[Proposal, ...] | Answer
    hours: float = 0.0

    @property
    def answer(self) -> Answer | None:
        """The answer; None if the search goes on."""
        return self.step if isinstance(self.step, Answer) else None

    @property
    def ceiling(self) -> str:
        """Key of the ceiling that ends the search if it has no other end."""
        return "search.hours" if self.hours >= self.settings.hours else "search.runs"


def read_searches(resolved: ResolvedSweep, table: pd.DataFrame) -> list[Search]:
    """Return the searches of a sweep, in the order of its points.

    Args:
        resolved: the sweep with its probes.
        table: from ``load_table``.
    """
    search = resolved.sweep.search
    assert search is not None
    reader = _EvidenceReader(resolved, table, search)
    return [reader.search(index, probes) for index, probes in enumerate(search.evidence)]


def with_evidence(resolved: ResolvedSweep, finished: pd.DataFrame, table: pd.DataFrame) -> ResolvedSweep:
    """Return a sweep whose searches stand on their probes if all of their runs are published, else on what they had.

    Their earlier evidence was complete by a plan without the probes that are to run. These may lengthen a control: its
    finished rows still count for the earlier evidence.

    Args:
        resolved: the sweep.
        finished: the rows of the table whose seeds have nothing left to run.
        table: from ``load_table``.
    """
    search = resolved.sweep.search
    assert search is not None
    of_finished, of_all = (_EvidenceReader(resolved, rows, search) for rows in (finished, table))
    evidence: list[Probes] = []
    for index, (probes, earlier) in enumerate(zip(search.probes, search.evidence, strict=True)):
        if of_finished.is_complete(index, probes):
            evidence.append(probes)
        else:
            evidence.append(earlier if of_all.is_complete(index, earlier) else {})
    return replace(resolved, sweep=replace(resolved.sweep, search=replace(search, evidence=tuple(evidence))))


def search_settings(search: ThresholdSearch) -> SearchSettings:
    """Return the settings of each of a sweep's searches."""
    scale = AxisScale(search.low, search.high, search.logarithmic, search.whole)
    return SearchSettings(
        scale,
        scale.distance(search.width),
        search.runs,
        search.seeds,
        search.generations,
        search.max_generations,
        inf if search.hours is None else search.hours,
    )


class _EvidenceReader:
    """Reads probes from the table."""

    def __init__(self, resolved: ResolvedSweep, table: pd.DataFrame, search: ThresholdSearch) -> None:
        self._resolved, self._search = resolved, search
        self._column: Column = metric_column(resolved.sweep, search.metric)
        self._controls = controls_of(resolved.sweep.cells)
        values = table[["cell", "seed", "generation"]].assign(
            value=table[search.metric].where(~table["diverged"].astype(bool), np.inf),
            ended=table.get("ended_generation", np.nan),
        )
        self._rows = {int(str(cell)): rows for cell, rows in values.groupby("cell")}
        self._table = table

    def search(self, index: int, evidence: Probes) -> Search:
        """Return one search; probes whose runs were deleted since are left out."""
        probes = self._probes(index, evidence)
        settings, hours = search_settings(self._search), self._hours(index, probes)
        return Search(self._where(index), settings, probes, next_step(settings, probes, hours), hours)

    def is_complete(self, index: int, probes: Probes) -> bool:
        """Return True if all runs of some probes of a search have values."""
        return len(self._probes(index, probes)) == len(probes)

    def _probes(self, index: int, probes: Probes) -> tuple[Probe, ...]:
        """Return the evidence of some probes of a search; without those that lack a seed's values."""
        judged = (self._probe(self._search.cell(index, value), value, runs) for value, runs in probes.items())
        return tuple(probe for probe in judged if probe is not None)

    def _hours(self, index: int, probes: Sequence[Probe]) -> float:
        """Return the hours of the units of some probes of a search.

        The rows are those of the probes' seeds and generations only, so that a search that is read again has, at each
        of its rounds, the hours that it had then: other searches, and later rounds, add to the cells of controls.
        """
        rows = [
            self._table.loc[
                of_cell.index[of_cell["seed"].isin(probe.seeds) & (of_cell["generation"] <= probe.generations)]
            ]
            for probe in probes
            for cell in (self._search.cell(index, probe.value), probe.control)
            if (of_cell := self._rows.get(cell)) is not None
        ]
        return unit_hours(pd.concat(rows)) if rows else 0.0

    def _where(self, index: int) -> dict[str, Any]:
        cells = [
            self._resolved.sweep.cells[self._search.cell(search, self._search.low)]
            for search in range(len(self._search.probes))
        ]
        return {
            name: value
            for name, value in cells[index].axes.items()
            if name != self._search.axis and len({repr(cell.axes[name]) for cell in cells}) > 1
        }

    def _probe(self, cell: int, value: float, runs: Runs) -> Probe | None:
        """Return the evidence of a cell; None if a seed's values are missing."""
        probe = self._judged(cell, value, runs)
        return probe and replace(probe, control=self._controls[cell], generations=runs.generations)

    def _judged(self, cell: int, value: float, runs: Runs) -> Probe | None:
        """Return the verdict on a cell; None if a seed's values are missing."""
        control, seeds = self._controls[cell], runs.seeds
        values, references = self._values(cell, runs), self._values(control, runs)
        if values is None or references is None:
            return None
        self._check_control(control, seeds)
        if self._search.delta is not None:
            two_sided = self._column.better == "near"
            better: Better = "lower" if two_sided else self._column.better
            signed = replace(self._column, better=better, scale="linear", target=None)
            excess = damage(values[:, -1], references[:, -1], signed)
            return tolerance_probe(value, seeds, excess, self._search.delta, two_sided)
        return contraction_probe(value, seeds, values, references)

    def _check_control(self, control: int, seeds: Sequence[int]) -> None:
        """Raise InputError if ``loop.until`` ended a seed of a control, from which damage cannot be told then."""
        rows = self._rows[control]
        ended = rows.loc[rows["seed"].isin(seeds) & rows["ended"].notna(), "seed"]
        if len(ended):
            raise self._resolved.sweep.error(
                "loop.until",
                f"it ended seed {ended.iloc[0]} of a control; a search needs a level that no control reaches",
            )

    def _values(self, cell: int, runs: Runs) -> np.ndarray | None:
        """Return a cell's values, float64 (seeds, generations).

        Infinite if the model diverged or the metric is NaN, and at all generations after that at which ``loop.until``
        ended the seed.

        None if a row is missing, or if a seed has no value at any generation: its metric is not measured yet.
        """
        rows, seeds = self._rows.get(cell), runs.seeds
        if rows is None:
            return None
        generations = generations_measured(self._resolved.sweep.measure, runs.generations)
        rows = rows[rows["seed"].isin(seeds) & rows["generation"].isin(generations)]
        ended = rows.groupby("seed")["ended"].max().reindex(list(seeds)).to_numpy(float)[:, None]
        frame = rows.pivot(index="seed", columns="generation", values="value")
        frame = frame.reindex(index=list(seeds), columns=generations)
        present = rows.pivot(index="seed", columns="generation", values="generation").reindex_like(frame).notna()
        after_end = np.array(generations) > ended  # NaN: no generation is after it
        if not (present.to_numpy() | after_end).all():
            return None
        values = np.where(after_end, np.inf, frame.to_numpy(float))
        absent = np.isnan(values)
        return None if absent.all(axis=1).any() else np.where(absent, np.inf, values)
