"""The whole way from a sweep file to a sweep."""

from collections.abc import Sequence
from typing import Any

from raysc.settings import Component
from raysc.sweepfile.cells import Drafter
from raysc.sweepfile.claim_reader import read_claims
from raysc.sweepfile.claims import Facts
from raysc.sweepfile.components import Components
from raysc.sweepfile.expansion import expand
from raysc.sweepfile.messages import Places, did_you_mean
from raysc.sweepfile.overrides import override
from raysc.sweepfile.schema import check_file, control_of, loggers_of, measure_of, seeds_of, sweep_name, until_of
from raysc.sweepfile.signature import Catalogue
from raysc.sweepfile.space import read_space
from raysc.sweepfile.sweep import Sweep
from raysc.sweepfile.yaml_reader import read_document
from raysc.sweepfile.yaml_writer import noted


def read_sweep(path: str, overrides: Sequence[str], catalogue: Catalogue) -> Sweep:
    """Read, override, check and expand a sweep file.

    Args:
        path: the file.
        overrides: ``a.b=c``, in order.
        catalogue: what is registered; only the components that the file names are looked up.

    Raises:
        InputError: anything is wrong with it; the message names place, key, what was expected and what is near.
    """
    document = read_document(path)
    override(document, overrides)
    places = Places(path, document.lines)
    file = check_file(document.value, places)
    grids = read_space(file.space, places)
    components = Components(catalogue)
    metrics = _metrics(file.metrics, components, places)
    if file.initial_quality is not None and file.initial_quality not in (names := [metric.name for metric in metrics]):
        raise places.error(
            "initial_quality",
            f"expected one of the listed metrics, got {file.initial_quality!r}"
            + did_you_mean(file.initial_quality, names),
        )
    control = control_of(file.control, places)
    draws = file.search.random if file.search else None
    drafter = Drafter(document.value, places, components)
    cells, notes = expand(drafter, grids, draws, control, file.loop.generations)
    measure = measure_of(file.measure, file.loop.generations, places)
    told = {name: scale for metric in metrics for name, scale in catalogue.columns(metric).items()}
    # An axis is found by its plain name too: later checks speak of `data.rows`, wherever it was set.
    axes = {axis.key: document.lines[axis.place] for grid in reversed(grids) for axis in grid}
    until = until_of(file.loop.until, told, places)
    if until is not None:
        notes += (f"a seed ends where {until}, and its later generations count as done: fewer may run than are to do",)
    return Sweep(
        name=sweep_name(file, places),
        path=path,
        comment=noted(document.comment, overrides),
        cells=cells,
        seeds=seeds_of(file.seeds, places),
        generations=file.loop.generations,
        metrics=metrics,
        measure=measure,
        until=until,
        control=control,
        initial_quality=file.initial_quality,
        resources=file.resources,
        pool=file.pool,
        keep=file.keep,
        storage=file.storage,
        claims=read_claims(file.claims, Facts(cells, file.loop.generations, measure, told), places),
        loggers=loggers_of(file.loggers, places),
        prices=file.prices,
        notes=notes,
        resolved=document.value,
        lines={**document.lines, **axes},
    )


def _metrics(given: list[Any], components: Components, places: Places) -> tuple[Component, ...]:
    metrics: list[Component] = []
    for index, value in enumerate(given):
        metric = components.check("metric", value, f"metrics.{index}", places.error).component
        if metric in metrics:
            raise places.error(f"metrics.{index}", f"{metric.name} is listed twice")
        metrics.append(metric)
    return tuple(metrics)
