"""Units as points of a Tune search space, so that Tune's tables show the axes of the sweep."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ray import tune
from ray.tune.search.basic_variant import BasicVariantGenerator
from ray.tune.search.sample import Domain

from raysc.planning.units import InitialUnit, Unit
from raysc.sweepfile.sweep import Sweep


def point(unit: Unit) -> dict[str, Any]:
    """Return the config of a unit's trial: each axis of the sweep under its dotted name, and the name of the unit.

    All regimes share generation 0, so the axes of the loop are None there.
    """
    axes = {name: _scalar(value) for name, value in unit.cell.settings.axes.items()}
    if isinstance(unit, InitialUnit):
        axes = {name: None if is_loop_axis(name) else value for name, value in axes.items()}
    return {**axes, "unit": unit.name}


def search_space(sweep: Sweep, points: Sequence[Mapping[str, Any]]) -> dict[str, Domain]:
    """Return the space of the points: a domain of the sweep file stays that domain, a list becomes a choice."""
    names = points[0].keys()
    return {name: _domain(sweep, name, [values[name] for values in points]) for name in names}


def generator(points: Sequence[Mapping[str, Any]]) -> BasicVariantGenerator:
    """Return Tune's basic search algorithm over exactly these points."""
    return BasicVariantGenerator(points_to_evaluate=[dict(values) for values in points])


def _domain(sweep: Sweep, name: str, values: list[Any]) -> Domain:
    """Return the Tune domain of one axis."""
    space = sweep.resolved.get("space", {})
    declared = [grid[name] for grid in (space if isinstance(space, list) else [space]) if name in grid]
    if len(declared) == 1 and isinstance(declared[0], dict) and None not in values:
        (kind, bounds), *_ = declared[0].items()
        continuous = {"uniform": tune.uniform, "loguniform": tune.loguniform, "randint": tune.randint}
        if kind in continuous:
            domain: Domain = continuous[kind](*bounds)
            return domain
    choice: Domain = tune.choice(list(dict.fromkeys(values)))
    return choice


def _scalar(value: Any) -> Any:
    """Return a value as a scalar: mappings become text, since Tune reads a mapping as a nested space."""
    return json.dumps(value, default=str) if isinstance(value, (dict, list, tuple)) else value


def is_loop_axis(axis: str) -> bool:
    """Return True if an axis does not affect generation 0."""
    return axis.split(".")[0] in ("regime", "lambda", "curation", "loop")
