"""Reading of sweeps: from a file, from text or from a mapping to a ``Sweep``."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from raysc.errors import InputError
from raysc.settings import CellSettings, Component
from raysc.sweepfile.cells import DraftBuilder
from raysc.sweepfile.claim_reader import read_claims
from raysc.sweepfile.claims import ClaimGrid
from raysc.sweepfile.components import ComponentChecker
from raysc.sweepfile.document import Document, document_from_mapping, parse_document, read_document
from raysc.sweepfile.expansion import expand
from raysc.sweepfile.limits import check_points, check_table
from raysc.sweepfile.measured_generations import read_measure
from raysc.sweepfile.messages import Locations, did_you_mean
from raysc.sweepfile.overrides import override
from raysc.sweepfile.relative_paths import make_paths_absolute
from raysc.sweepfile.schema import (
    SweepFile,
    check_file,
    check_labels,
    read_control,
    read_loggers,
    read_seeds,
    read_until,
    sweep_name,
)
from raysc.sweepfile.signature import ComponentRegistry
from raysc.sweepfile.space import read_space
from raysc.sweepfile.sweep import Sweep
from raysc.sweepfile.threshold_search import Probes, check_cells, probe_grids, read_search
from raysc.sweepfile.yaml_writer import comment_with_overrides

FORK_DISTANCE = "fork_distance"
"""The metric of ``probe.contraction``."""


def read_sweep(path: str, overrides: Sequence[str], registry: ComponentRegistry) -> Sweep:
    """Read, override, check and expand a sweep file.

    Args:
        path: the file.
        overrides: ``a.b=c``, in order.
        registry: all registered components; only those that the file names are imported.

    Raises:
        InputError: the sweep cannot work; the message has location, key, expected value and nearest valid value.
    """
    return _read(read_document(path), overrides, registry)


def read_sweep_text(text: str, path: str, overrides: Sequence[str], registry: ComponentRegistry) -> Sweep:
    """Read a sweep from the text of a sweep file.

    Args:
        text: the text.
        path: path or name of the text in messages; its stem is the sweep's name if the text has no ``name``.
        overrides: as for ``read_sweep``.
        registry: as for ``read_sweep``.

    Raises:
        InputError: as for ``read_sweep``.
    """
    return _read(parse_document(text, path), overrides, registry)


def read_sweep_mapping(values: Mapping[str, Any], overrides: Sequence[str], registry: ComponentRegistry) -> Sweep:
    """Read a sweep from a mapping with the keys of a sweep file, such as a notebook's dict.

    Args:
        values: the mapping, with a ``name``; ``document_from_mapping`` lists the accepted values.
        overrides: as for ``read_sweep``.
        registry: as for ``read_sweep``.

    Raises:
        InputError: the mapping has no name, or as for ``read_sweep``.
    """
    if values.get("name") is None:
        raise InputError("a sweep in a dict needs a name: its results are stored under it")
    return _read(document_from_mapping(values, "dict"), overrides, registry)


def read_probes(
    sweep: Sweep, probes: Sequence[Probes] | None, registry: ComponentRegistry, evidence: Sequence[Probes] = ()
) -> Sweep:
    """Return a sweep with a search with other probes.

    Args:
        sweep: the sweep.
        probes: of each search, its probes; None for the ends of the range, with which every search begins.
        registry: as for ``read_sweep``.
        evidence: of each search, those of its probes whose runs are published; without any if not given.
    """
    document = Document(sweep.path, dict(sweep.resolved), dict(sweep.locations), sweep.comment)
    read = _read(document, (), registry, probes)
    return replace(read, search=replace(read.search, evidence=tuple(evidence))) if read.search and evidence else read


def _read(
    document: Document,
    overrides: Sequence[str],
    registry: ComponentRegistry,
    probes: Sequence[Probes] | None = None,
) -> Sweep:
    """Override, check and expand a document."""
    override(document, overrides)
    locations = Locations(document.path, document.locations)
    checker = ComponentChecker(registry)
    make_paths_absolute(document.value, checker)
    file = check_file(document.value, locations)
    name = sweep_name(file, locations)
    grids = read_space(file.space, locations)
    draws = file.search.random if file.search else None
    seeds = read_seeds(file.seeds, locations)
    check_points(grids, draws, len(seeds), locations)
    metrics = _read_metrics(file, checker, locations)
    columns = {name: scale for metric in metrics for name, scale in registry.columns(metric).items()}
    _check_initial_quality(file, metrics, locations)
    first = generations = file.loop.generations
    control = read_control(file.control, locations)
    builder = DraftBuilder(document.value, locations, checker)
    measure = read_measure(file.measure, generations, locations)
    search = read_search(file.search, grids, seeds, list(columns), measure, first, control, locations)
    if search is not None:
        search = search if probes is None else search.with_probes(probes)
        generations = search.ceiling
        grids, seeds = probe_grids(search, grids, locations), search.all_seeds
    cells, origins, notes = expand(builder, grids, draws, control, generations, document.value.get("models"))
    if search is not None:
        check_cells(search, cells, locations)
    check_table(len(cells), len(seeds), generations, measure, locations)
    until = read_until(file.loop.until, columns, locations)
    if until is not None:
        later = "count as done" if until.later == "repeat" else "are absent"
        notes += (f"a seed ends where {until}, and its later generations {later}: the run may be shorter",)
    # An axis is also located by its plain name: later checks report `data.rows`, set under `space` or elsewhere.
    axes = {axis.key: document.locations[axis.file_key] for grid in reversed(grids) for axis in grid}
    check_labels(file.labels, [*cells[0].axes, *columns], locations)
    scaling = _read_scaling(file, cells, locations)
    runs = {} if search is None else search.runs_by_cell(cells)
    return Sweep(
        name=name,
        path=document.path,
        comment=comment_with_overrides(document.comment, overrides),
        cells=cells,
        seeds=seeds,
        generations=max((of_cell.generations for of_cell in runs.values()), default=generations),
        metrics=metrics,
        measure=measure,
        until=until,
        control=control,
        initial_quality=file.initial_quality,
        resources=file.resources,
        pool=file.pool,
        keep=file.keep,
        storage=file.storage,
        claims=read_claims(file.claims, ClaimGrid(cells, first, measure, columns, search), locations),
        loggers=read_loggers(file.loggers, locations),
        prices=file.prices,
        labels=file.labels,
        notes=notes,
        resolved=document.value,
        locations={**document.locations, **axes},
        search=search,
        scaling=scaling,
        runs_by_cell=runs,
        origins_by_cell=origins,
    )


def _read_metrics(file: SweepFile, checker: ComponentChecker, locations: Locations) -> tuple[Component, ...]:
    """Return the metrics with those of the probe; InputError for a metric that is listed twice."""
    metrics: list[Component] = []
    for index, entry in enumerate(file.metrics):
        metric = checker.check("metric", entry, f"metrics.{index}", locations.error).component
        if metric in metrics:
            raise locations.error(f"metrics.{index}", f"{metric.name} is listed twice")
        metrics.append(metric)
    if file.probe.contraction:
        distance = checker.check("metric", FORK_DISTANCE, "probe.contraction", locations.error).component
        metrics += [] if distance in metrics else [distance]
    return tuple(metrics)


def _read_scaling(file: SweepFile, cells: Sequence[CellSettings], locations: Locations) -> str | None:
    """Return the axis of ``scaling``; InputError unless it is an axis with numbers above 0."""
    if file.scaling is None:
        return None
    axis, axes = file.scaling.axis, list(cells[0].axes)
    if axis not in axes:
        raise locations.error("scaling.axis", f"{axis!r} is no axis of this sweep{did_you_mean(axis, axes)}")
    for value in (cell.axes[axis] for cell in cells if cell.axes[axis] is not None):
        if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
            raise locations.error("scaling.axis", f"needs numbers above 0, and {axis} has {value!r}")
    return axis


def _check_initial_quality(file: SweepFile, metrics: Sequence[Component], locations: Locations) -> None:
    """Raise InputError if ``initial_quality`` is no listed metric."""
    names = [metric.name for metric in metrics]
    if file.initial_quality is not None and file.initial_quality not in names:
        near = did_you_mean(file.initial_quality, names)
        raise locations.error(
            "initial_quality", f"expected one of the listed metrics, got {file.initial_quality!r}{near}"
        )
