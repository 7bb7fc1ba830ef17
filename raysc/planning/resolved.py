"""Resolved sweeps: the cells of a sweep with their components built, and their addresses in a store.

A command resolves its sweep once and passes the ``ResolvedSweep`` on.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import attrgetter
from typing import Any, Literal, NamedTuple, cast, get_args

from raysc import registry
from raysc.datasets.dataset import DataSet, SupportsFingerprint
from raysc.loop import Rules
from raysc.metrics.core.features import NETWORKS, extractor_key, extractor_name
from raysc.metrics.core.metric import AcrossMetric, Metric
from raysc.models.family import Family
from raysc.models.pretrained import PretrainedFamily, content_hash
from raysc.planning.component_errors import located_errors
from raysc.rng import model_seeds
from raysc.seeds import generation_zero_pack
from raysc.settings import CellSettings, Component
from raysc.store.artifacts import REFERENCE
from raysc.store.keys import Identities, Keys, cell_keys, component_identity, coupled_keys, key_of
from raysc.sweepfile.measured_generations import generations_measured
from raysc.sweepfile.signature import ComponentKind
from raysc.sweepfile.sweep import Sweep

Split = Literal["train", "test"]


@dataclass(frozen=True)
class ResolvedCell:
    """A cell with its components built and its addresses.

    Attributes:
        number: index of the cell in the sweep.
        settings: the settings of the cell.
        data: its data set.
        family: its model family.
        rules: settings, regime, curation and size of the data, as the loop takes them.
        keys: its addresses.
        generations: number of its retrainings; of a search the most of all cells with its lineage.
        until: key of the sweep's ``loop.until``; "" without one.
        coupled: of coupled models: the cells of all of them, in order, this one among them; empty for a loop by itself.
    """

    number: int
    settings: CellSettings
    data: DataSet
    family: Family
    rules: Rules
    keys: Keys
    generations: int
    until: str = ""
    coupled: "tuple[ResolvedCell, ...]" = ()

    @property
    def models(self) -> "tuple[ResolvedCell, ...]":
        """The cells whose lineages run in one unit: those of all coupled models, or this cell."""
        return self.coupled or (self,)

    @property
    def model_number(self) -> int:
        """Number of its model among coupled ones; 0 for a loop by itself."""
        coupling = self.settings.coupling
        return 0 if coupling is None else coupling.index

    def stream_seeds(self, seeds: tuple[int, ...]) -> tuple[int, ...]:
        """Return the seeds in the addresses of this model's draws; see ``raysc.rng.model_seeds``."""
        return model_seeds(seeds, self.model_number)

    def data_seeds(self, seeds: tuple[int, ...]) -> tuple[int, ...]:
        """Return the seeds that draw this model's real rows; coupled models may have common ones."""
        coupling = self.settings.coupling
        return seeds if coupling is None or coupling.real == "common" else self.stream_seeds(seeds)

    @property
    def untils(self) -> frozenset[str]:
        """Values of ``Span.until`` of the spans that hold this cell's generations.

        Trained generations are published one by one and serve sweeps with and without ``loop.until``. A closed-form
        pack whose seeds ended at different generations is one span that serves this sweep's rule only.
        """
        return frozenset({self.until, ""}) if self.family.trained else frozenset({self.until})


@dataclass(frozen=True)
class ResolvedSweep:
    """A sweep with all of its cells resolved.

    Attributes:
        sweep: the sweep file after reading, overriding, checking and expanding.
        cells: one for each cell of the sweep, in its order.
    """

    sweep: Sweep
    cells: tuple[ResolvedCell, ...]

    @cached_property
    def keys(self) -> frozenset[str]:
        """Every key that the cells stand on: lineages, and runs, models and rows of generation 0."""
        return lineage_keys(self.cells)

    @cached_property
    def reference_keys(self) -> frozenset[str]:
        """Keys of all reference features that the sweep may use."""
        by_data = {key_of(cell.settings.data.model_dump()): cell for cell in self.cells}
        features = [registry.build("metric", metric).features for metric in self.sweep.metrics]
        return frozenset(
            reference_key(cell, extractor, split)
            for cell in by_data.values()
            for extractor in {extractor_name(name, cell.data.kind) for name in features} & NETWORKS.keys()
            for split in get_args(Split)
        )

    @cached_property
    def seeds_by_lineage(self) -> Mapping[str, tuple[int, ...]]:
        """Key of each lineage -> its seeds, those of all cells that have it."""
        seeds: dict[str, set[int]] = {}
        for cell in self.cells:
            seeds.setdefault(cell.keys.lineage, set()).update(self.sweep.seeds_of(cell.number))
        return {lineage: tuple(seed for seed in self.sweep.seeds if seed in some) for lineage, some in seeds.items()}

    @cached_property
    def stored_seeds(self) -> Mapping[str, frozenset[int]]:
        """Each of ``keys`` -> seeds of the sweep's entries under it: those of generation 0, or of the loop."""
        of_loop = frozenset(self.sweep.seeds)
        initial = frozenset(generation_zero_pack(self.sweep.seeds))
        lineages = {cell.keys.lineage for cell in self.cells}
        return {key: of_loop if key in lineages else initial for key in self.keys}

    @cached_property
    def metric_keys(self) -> Mapping[int, tuple[str, ...]]:
        """Cell number -> keys of the sweep's metrics on the cell's data; cells with one data set share the work."""
        by_data: dict[int, tuple[str, ...]] = {}
        by_cell = {}
        for cell in self.cells:
            if id(cell.data) not in by_data:
                by_data[id(cell.data)] = tuple(metric_keys(self.sweep, cell))
            by_cell[cell.number] = by_data[id(cell.data)]
        return by_cell


def resolve(sweep: Sweep) -> ResolvedSweep:
    """Build the components of every cell of a sweep and compute the addresses of its generations.

    Raises:
        InputError: a component refuses its parameters, or its files are missing.
    """
    components, until = _Components(), until_key(sweep)
    cells = []
    for number, settings in enumerate(sweep.cells):
        with located_errors(sweep.of_cell(number), "data"):
            dataset = components.dataset(settings.data)
        with located_errors(sweep.of_cell(number), "model"):
            generations = sweep.generations_of(number)
            cells.append(_resolve_cell(number, settings, dataset, components, generations, until))
    return ResolvedSweep(sweep, tuple(_with_lineage_length(tuple(_couple(cells)))))


class _BuiltComponent(NamedTuple):
    """The object of a component, and its identity in keys."""

    instance: Any
    identity: Mapping[str, object]


class _Components:
    """Components of a sweep. Each is built once, and the cells that have it share the object.

    Closed-form families are not shared: a family keeps statistics of the rows of its run.
    """

    def __init__(self) -> None:
        self._built: dict[Hashable, _BuiltComponent] = {}

    def _get(self, key: Hashable, build: Callable[[], _BuiltComponent]) -> _BuiltComponent:
        if key not in self._built:
            self._built[key] = build()
        return self._built[key]

    def dataset(self, data: Component) -> _BuiltComponent:
        """Return a data set, whose files are read here."""

        def build() -> _BuiltComponent:
            dataset: DataSet = registry.build("data", data)
            identity = _identity("data", data, dataset)
            _ = dataset.count, dataset.event
            return _BuiltComponent(dataset, identity)

        return self._get(("data", data.model_dump_json()), build)

    def family(self, settings: CellSettings, dataset: DataSet) -> _BuiltComponent:
        """Return the family of a cell for rows of its data set, with the pretrained weights that it starts from."""

        def build() -> _BuiltComponent:
            family, source = registry.family(settings.model, dataset), settings.initial.from_
            if source is not None:
                family = cast(Family, PretrainedFamily(family, source))
            return _BuiltComponent(family, _identity("model", settings.model, family))

        family = self._get((id(dataset), settings.model.model_dump_json(), settings.initial.from_), build)
        return family if family.instance.trained else family._replace(instance=registry.family(settings.model, dataset))

    def rule(self, kind: Literal["regime", "curation"], component: Component) -> _BuiltComponent:
        """Return a regime or curation."""
        key = kind, component.model_dump_json()
        return self._get(key, lambda: _BuiltComponent(registry.build(kind, component), _identity(kind, component)))


def _with_lineage_length(cells: Sequence[ResolvedCell]) -> Iterator[ResolvedCell]:
    """Yield the cells with the most retrainings of all cells that have their lineage."""
    longest: dict[str, int] = {}
    for cell in cells:
        longest[cell.keys.lineage] = max(cell.generations, longest.get(cell.keys.lineage, 0))
    for cell in cells:
        generations = longest[cell.keys.lineage]
        yield cell if cell.generations == generations else replace(cell, generations=generations)


def _couple(cells: Sequence[ResolvedCell]) -> Iterator[ResolvedCell]:
    """Yield the cells; those of coupled models with each other, and with the keys of their lineages."""
    groups: dict[Hashable, list[ResolvedCell]] = {}
    for cell in cells:
        if (coupling := cell.settings.coupling) is not None:
            groups.setdefault(coupling.group, []).append(cell)
    coupled: dict[Hashable, tuple[ResolvedCell, ...]] = {}
    for address, group in groups.items():
        group.sort(key=attrgetter("model_number"))
        keys = [cell.keys for cell in group]
        coupled[address] = tuple(
            replace(cell, keys=coupled_keys(keys, cell.settings.coupling))
            for cell in group
            if cell.settings.coupling is not None
        )
    for cell in cells:
        if (coupling := cell.settings.coupling) is None:
            yield cell
        else:
            models = coupled[coupling.group]
            yield replace(models[coupling.index], coupled=models)


def _resolve_cell(
    number: int,
    settings: CellSettings,
    dataset: _BuiltComponent,
    components: _Components,
    generations: int,
    until: str,
) -> ResolvedCell:
    """Collect family, regime and curation of a cell, and compute its keys."""
    data: DataSet = dataset.instance
    family = components.family(settings, data)
    regime, curation = components.rule("regime", settings.regime), components.rule("curation", settings.curation)
    steps_of = None if settings.steps_of is None else components.rule("regime", settings.steps_of.regime)
    source = settings.initial.from_
    identities = Identities(
        dataset.identity,
        family.identity,
        regime.identity,
        curation.identity,
        None if steps_of is None else steps_of.identity,
        None if source is None else content_hash(source),
    )
    rules = Rules(settings, regime.instance, data.count, steps_of and steps_of.instance, curation.instance)
    keys = cell_keys(settings, identities, data.count, family.instance.trained)
    return ResolvedCell(number, settings, data, family.instance, rules, keys, generations, until)


def lineage_keys(cells: Sequence[ResolvedCell]) -> frozenset[str]:
    """Collect the keys that some cells stand on: lineages, and runs, models and rows of generation 0."""
    shared = [cell.keys.generation_zero for cell in cells if cell.keys.generation_zero is not None]
    lineages = {cell.keys.lineage for cell in cells}
    return frozenset(lineages.union(*((keys.run, keys.model, keys.rows) for keys in shared)))


def measured_generations(sweep: Sweep) -> tuple[int, ...]:
    """Return the generations that a sweep measures and tabulates, in order; "log" keeps about ten per decade."""
    return generations_measured(sweep.measure, sweep.generations)


def measured_generations_of(sweep: Sweep, cell: ResolvedCell) -> tuple[int, ...]:
    """Return the generations of a cell that have metrics in the store.

    ``loop.until`` of a trained family is judged from the metrics of every published generation. A closed-form unit
    judges as it runs.
    """
    if sweep.until is not None and cell.family.trained:
        return tuple(range(cell.generations + 1))
    return generations_measured(sweep.measure, cell.generations)


def until_key(sweep: Sweep) -> str:
    """Return the key of the sweep's ``loop.until``: a hash of the metric with its version, the column and the level."""
    if sweep.until is None:
        return ""
    metric = next(metric for metric in sweep.metrics if sweep.until.metric in registry.columns(metric))
    rule = sweep.until.model_dump(exclude_defaults=True, exclude={"later"})  # it changes tables only
    return key_of({"until": rule, "metric": _identity("metric", metric)})


def _identity(kind: ComponentKind, component: Component, instance: object = None) -> dict[str, object]:
    """Return the identity of a component; ``instance``: a data set or family that may read files."""
    fingerprint = instance.fingerprint() if isinstance(instance, SupportsFingerprint) else ""
    return component_identity(
        component, registry.version(kind, component.name), fingerprint, getattr(instance, "location_parameters", ())
    )


def metric_key(metric: Component, data: Component, dataset: DataSet, until: str = "") -> str:
    """Return the key of a metric on a data set: a hash of the metric, the data and the extractor of features.

    With ``loop.until`` the key differs: after the generation at which a seed ended, its values repeat.
    """
    instance: Metric = registry.build("metric", metric)
    identities = {
        "metric": _identity("metric", metric),
        "data": _identity("data", data, dataset),
        "extractor": extractor_key(extractor_name(instance.features, dataset.kind), dataset),
        **({"until": until} if until else {}),
    }
    return key_of(identities)


def metric_keys(sweep: Sweep, cell: ResolvedCell) -> dict[str, Component]:
    """Map the key of each of a sweep's metrics on a cell's data to the metric."""
    return {metric_key(metric, cell.settings.data, cell.data, cell.until): metric for metric in sweep.metrics}


def across_models(sweep: Sweep) -> tuple[bool, ...]:
    """Return True for each metric of a sweep that compares the models of a cell, in the order of ``metric_keys``."""
    return tuple(isinstance(registry.build("metric", metric), AcrossMetric) for metric in sweep.metrics)


def reference_key(cell: ResolvedCell, extractor: str, split: Split) -> str:
    """Return the key of reference features: the data, the extractor, train or held-out rows."""
    identities = {
        "data": _identity("data", cell.settings.data, cell.data),
        "extractor": extractor_key(extractor, cell.data),
        "split": split,
    }
    return f"{REFERENCE}{key_of(identities)}"
