"""The cells of a sweep with their components built: where their generations and metrics lie in a store."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast, get_args

from raysc import registry
from raysc.datasets.dataset import DataSet, Fingerprinted
from raysc.loop import Rules
from raysc.metrics.core.features import NETWORKS, extractor_key, extractor_name
from raysc.metrics.core.metric import Metric
from raysc.models.family import Family
from raysc.models.pretrained import Loaded, content
from raysc.regimes.recipe import Regime
from raysc.settings import Cell, Component
from raysc.store.keys import Identities, Keys, identity, key_of, keys
from raysc.sweepfile.measured_generations import generations_measured
from raysc.sweepfile.signature import Room
from raysc.sweepfile.sweep import Sweep

Split = Literal["train", "test"]
REFERENCE = "reference-"
"""How the keys of what extractors make of real rows begin."""


@dataclass(frozen=True)
class Line:
    """A cell with its components built and its addresses.

    Attributes:
        number: its place in the sweep.
        cell: its settings.
        data: its data set.
        family: its model family.
        rules: what its loop goes by.
        keys: its addresses.
        until: key of the sweep's ``loop.until``; "" without.
    """

    number: int
    cell: Cell
    data: DataSet
    family: Family
    rules: Rules
    keys: Keys
    until: str = ""

    @property
    def untils(self) -> frozenset[str]:
        """What ``Span.until`` may be of the spans that hold its generations.

        Trained generations are published one by one and are everybody's. A closed-form pack whose seeds ended at
        different generations is one span of that sweep's own.
        """
        return frozenset({self.until, ""}) if self.family.trained else frozenset({self.until})


def addresses(cells: Iterable[Line]) -> frozenset[str]:
    """Every key that some cells stand on: lineages, and runs, models and rows of generation 0."""
    zeros = {key for line in cells if (zero := line.keys.zero) for key in (zero.run, zero.model, zero.rows)}
    return frozenset(zeros | {line.keys.lineage for line in cells})


def measured_generations(sweep: Sweep) -> tuple[int, ...]:
    """The generations that a sweep measures and tabulates, in order; "log" keeps about ten per decade."""
    return generations_measured(sweep.measure, sweep.generations)


def measured_generations_of(sweep: Sweep, line: Line) -> tuple[int, ...]:
    """The generations of a cell that have metrics in the store.

    Where ``loop.until`` is judged from the metrics of each published generation, that is all of them; a closed-form
    unit judges as it runs.
    """
    everything = sweep.until is not None and line.family.trained
    return tuple(range(sweep.generations + 1)) if everything else measured_generations(sweep)


def until_key(sweep: Sweep) -> str:
    """What tells the sweep's ``loop.until`` from others: the metric with its version, the column and the level."""
    if sweep.until is None:
        return ""
    metric = next(metric for metric in sweep.metrics if sweep.until.metric in registry.columns(metric))
    return key_of({"until": sweep.until.model_dump(exclude_defaults=True), "metric": _identity("metric", metric)})


def lines(sweep: Sweep) -> tuple[Line, ...]:
    """Every cell of a sweep with its components built and its addresses."""
    data: dict[str, tuple[DataSet, dict[str, object]]] = {}
    built, until = [], until_key(sweep)
    for number, cell in enumerate(sweep.cells):
        told = key_of(cell.data.model_dump())
        if told not in data:
            dataset: DataSet = registry.build("data", cell.data)
            data[told] = dataset, _identity("data", cell.data, dataset)
        dataset, data_identity = data[told]
        family = registry.family(cell.model, dataset)
        source = cell.initial.from_
        if source is not None:
            family = cast(Family, Loaded(family, source))
        regime: Regime = registry.build("regime", cell.regime)
        steps_of: Regime | None = None if cell.steps_of is None else registry.build("regime", cell.steps_of.regime)
        identities = Identities(
            data_identity,
            _identity("model", cell.model, family),
            _identity("regime", cell.regime),
            None if cell.steps_of is None else _identity("regime", cell.steps_of.regime),
            None if source is None else content(source),
        )
        addresses = keys(cell, identities, dataset.count, family.trained)
        rules = Rules(cell, regime, dataset.count, steps_of)
        built.append(Line(number, cell, dataset, family, rules, addresses, until))
    return tuple(built)


def _identity(room: Room, component: Component, built: object = None) -> dict[str, object]:
    """What tells a component apart; ``built``: a data set, or a family that may read files."""
    fingerprint = built.fingerprint() if isinstance(built, Fingerprinted) else ""
    return identity(component, registry.version(room, component.name), fingerprint, getattr(built, "located", ()))


def metric_key(metric: Component, data: Component, dataset: DataSet, until: str = "") -> str:
    """The address of a metric on a data set: its name, parameters and version, the data, the extractor of features.

    With ``loop.until`` it has another one: from where a seed ended, values are those at its end.
    """
    built: Metric = registry.build("metric", metric)
    told = {
        "metric": _identity("metric", metric),
        "data": _identity("data", data, dataset),
        "extractor": extractor_key(extractor_name(built.features, dataset.kind), dataset),
        **({"until": until} if until else {}),
    }
    return key_of(told)


def reference_key(line: Line, extractor: str, split: Split) -> str:
    """The address of what an extractor makes of a cell's real rows: the data, the extractor, train or held-out rows."""
    told = {
        "data": _identity("data", line.cell.data, line.data),
        "extractor": extractor_key(extractor, line.data),
        "split": split,
    }
    return f"{REFERENCE}{key_of(told)}"


def reference_keys(sweep: Sweep, cells: Iterable[Line]) -> frozenset[str]:
    """All of those that a sweep may stand on."""
    by_data = {key_of(line.cell.data.model_dump()): line for line in cells}
    asked = [registry.build("metric", metric).features for metric in sweep.metrics]
    return frozenset(
        reference_key(line, extractor, split)
        for line in by_data.values()
        for extractor in {extractor_name(features, line.data.kind) for features in asked} & NETWORKS.keys()
        for split in get_args(Split)
    )


def metric_keys(sweep: Sweep, line: Line) -> dict[str, Component]:
    """The address of each of a sweep's metrics on a cell's data -> the metric."""
    return {metric_key(metric, line.cell.data, line.data, line.until): metric for metric in sweep.metrics}


def metric_keys_by_cell(sweep: Sweep, cells: Iterable[Line]) -> dict[int, tuple[str, ...]]:
    """Cell -> the addresses of the sweep's metrics on its data; cells with one data set share the work."""
    by_data: dict[int, tuple[str, ...]] = {}
    found = {}
    for line in cells:
        if id(line.data) not in by_data:
            by_data[id(line.data)] = tuple(metric_keys(sweep, line))
        found[line.number] = by_data[id(line.data)]
    return found
